package engine

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/baseimage"
	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// inspect returns what an image is.
func (s *Session) inspect(ctx context.Context, ref string, stage int) (*check.ImageInfo, error) {
	image, err := s.engine.api.ImageInspect(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("inspecting the image: %w", err)
	}
	history, err := s.engine.api.ImageHistory(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("reading the image's history: %w", err)
	}
	info := &check.ImageInfo{ID: image.ID, Size: image.Size, Added: image.Size}
	if c := image.Config; c != nil {
		info.Config.ImageConfig, info.Config.Shell, info.Config.Onbuild = c.ImageConfig, c.Shell, c.OnBuild
		for port := range c.ExposedPorts {
			info.Config.Exposed = append(info.Config.Exposed, parsePort(port))
		}
		sort.Slice(info.Config.Exposed,
			func(i, j int) bool { return info.Config.Exposed[i].Number < info.Config.Exposed[j].Number })
		if h := c.Healthcheck; h != nil && len(h.Test) > 0 && h.Test[0] != "NONE" {
			info.Config.Healthcheck = h.Test
		}
	}
	baseLayers, baseHistory := s.base(ctx, s.stage(stage), info, image.RootFS.Layers)
	slices.Reverse(history.Items)
	layer := 0
	lines := s.layerLines(s.stage(stage))
	first := firstOwn(baseLayers, len(image.RootFS.Layers), len(lines))
	for i, h := range history.Items {
		info.History = append(info.History, h.CreatedBy)
		if h.Size == 0 && !makesLayer(h.CreatedBy) || layer >= len(image.RootFS.Layers) {
			continue
		}
		l := check.ImageLayer{DiffID: image.RootFS.Layers[layer], Size: h.Size, Instruction: instructionOf(h.CreatedBy),
			Base: i < baseHistory || layer < baseLayers}
		if !l.Base {
			if n := layer - first; n >= 0 && n < len(lines) {
				l.Line = lines[n]
				if in := s.file.At(l.Line); in != nil { // in the student's own words
					l.Instruction = brief(in.Text)
				}
			}
		}
		info.Layers = append(info.Layers, l)
		layer++
	}
	s.mu.Lock()
	s.images[info.ID] = info
	s.mu.Unlock()
	return info, nil
}

// firstOwn returns which of the layers is the first of the student's own: behind those of the base or,
// where the base is not known, as one that was taken away since the build, as many from the last on
// as there are lines that make one.
func firstOwn(baseLayers, layers, lines int) int {
	if baseLayers > 0 {
		return baseLayers
	}
	return max(0, layers-lines)
}

// stage returns a stage of the file, or what the image is of.
func (s *Session) stage(index int) *dockerfile.Stage {
	if index == whole {
		return s.file.Final()
	}
	return &s.file.Stages[index]
}

// makesLayer reports whether a history row without size can still stand for a layer: an empty one.
func makesLayer(createdBy string) bool {
	for _, name := range []string{"RUN ", "COPY ", "ADD ", "WORKDIR "} {
		if strings.HasPrefix(createdBy, name) {
			return true
		}
	}
	return false
}

// layerLines returns the Dockerfile's lines of the final image's own layers.
func (s *Session) layerLines(stage *dockerfile.Stage) (lines []int) {
	for ; ; stage = &s.file.Stages[stage.From] {
		var own []int
		for _, in := range stage.Layers() {
			own = append(own, in.Line)
		}
		lines = append(own, lines...)
		if stage.From < 0 {
			return lines
		}
	}
}

// base finds which of the layers are the base image's.
func (s *Session) base(ctx context.Context, stage *dockerfile.Stage, info *check.ImageInfo,
	layers []string) (baseLayers, baseHistory int) {
	for stage.From >= 0 {
		stage = &s.file.Stages[stage.From]
	}
	info.Base = stage.Base
	if stage.Base == "scratch" {
		return 0, 0
	}
	name := s.engine.pinned(ctx, stage.Base)
	base, err := s.engine.api.ImageInspect(ctx, name)
	if err != nil || len(base.RootFS.Layers) > len(layers) || !slices.Equal(base.RootFS.Layers,
		layers[:len(base.RootFS.Layers)]) {
		return 0, 0 // pulled under another name since, or a platform of its own: nothing is cut off
	}
	info.Added = info.Size - base.Size
	if base.Config != nil {
		info.StandIn = baseimage.IsStandIn(base.Config.Labels)
		info.Config.BaseEnv = base.Config.Env
	}
	if history, err := s.engine.api.ImageHistory(ctx, name); err == nil {
		baseHistory = len(history.Items)
	}
	return len(base.RootFS.Layers), baseHistory
}

var historyNoise = regexp.MustCompile(`^(/bin/sh -c (#\(nop\) *)?)|\s*# buildkit$`)

func instructionOf(createdBy string) string {
	return brief(strings.TrimSpace(historyNoise.ReplaceAllString(createdBy, "")))
}

func brief(instruction string) string {
	if len(instruction) > 300 {
		return strings.ToValidUTF8(instruction[:300], "") + "…"
	}
	return instruction
}

func parsePort(p string) check.Port {
	number, protocol, _ := strings.Cut(p, "/")
	n, _ := strconv.Atoi(number)
	if protocol == "" {
		protocol = "tcp"
	}
	return check.Port{Number: n, Protocol: protocol}
}
