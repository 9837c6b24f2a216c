package build

import (
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// official are the images of Docker's library that student services begin with.
var official = strings.Fields(`alpine amazoncorretto archlinux bash busybox caddy debian eclipse-temurin elixir fedora
	golang gradle haskell httpd julia mariadb maven mongo mysql nginx node openjdk perl php postgres python r-base
	rabbitmq redis ruby rust swift tomcat traefik ubuntu`)

// variants are the last words of their tags.
var variants = strings.Fields("slim alpine bookworm bullseye trixie slim-bookworm slim-bullseye slim-trixie")

// noImage returns what may be meant by a name that no registry has.
func noImage(t check.Source, f *check.BuildFailure) check.Hint {
	if file, err := t.Dockerfile(); err == nil {
		if line, ok := file.NoStage(f.Subject); ok {
			return noStage(file, f.Subject, line)
		}
	}
	repository, tag, _ := strings.Cut(f.Subject, ":")
	variant := tag[strings.Index(tag, "-")+1:]
	host, _, slash := strings.Cut(repository, "/")
	meant := ""
	switch near := option.Suggest(repository, official); {
	case strings.HasPrefix(f.Message, "there is no registry"):
		return check.Advisef("What stands before the first / is taken for a registry: check the spelling of %q.",
			f.Subject)
	case near != "" && near != repository:
		meant = strings.Replace(f.Subject, repository, near, 1)
	case slash && strings.ContainsAny(host, ".:"):
		return check.Advisef("Check the spelling of %q: its registry, its name and its tag.", f.Subject)
	case slash:
		return check.Advisef("Check the spelling of %q, its name and its tag; if it is private, nobody else can "+
			"build on it.",
			f.Subject)
	case !slices.Contains(official, repository):
		return check.Advisef("Check the spelling of %q: a name without / is that of one of Docker's official images.",
			f.Subject)
	default:
		near = option.Suggest(variant, variants)
		if near == "" || near == variant || variant == tag {
			return check.Advisef("%s is there, and this tag of it is not: its tags are listed at "+
				"https://hub.docker.com/_/%s/tags.", repository, repository)
		}
		meant = strings.TrimSuffix(f.Subject, variant) + near
	}
	h := check.Advisef("Name one that is there, such as %s.", meant)
	if file, err := t.Dockerfile(); err == nil {
		if in := about(file, f.Line, []string{"FROM", "COPY", "RUN"}); in != nil {
			pattern := regexp.MustCompile(regexp.QuoteMeta(f.Subject))
			if edit := check.EditOf(file.Name, file.Replace(*in, pattern, meant)); edit != nil {
				h.Advice, h.Edit = "", edit
			}
		}
	}
	return h
}
