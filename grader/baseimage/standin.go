package baseimage

import (
	"archive/tar"
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

//go:embed standin
var scripts embed.FS

// SetupError reports that stand-ins cannot be made here.
type SetupError struct {
	Message string
	Fix     string
}

func (e *SetupError) Error() string { return e.Message }

// Hint returns how to fix it.
func (e *SetupError) Hint() string { return e.Fix }

const (
	pythonNote = "a stand-in: Python 3.13 of Debian, with FastAPI and friends to be installed from a folder inside"
	uvNote     = "a stand-in for uv: the part that a small Python service needs, done by pip"
	uvOwn      = "uv of a wheel that was added; it installs from a folder inside"
	suite      = "trixie"
	wheelhouse = "usr/local/share/wheelhouse"
)

// packages are what students' requirements may name.
var packages = strings.Fields(`python3-fastapi uvicorn python3-uvloop python3-watchfiles python3-websockets
	python3-dotenv python3-yaml python3-sqlalchemy python3-flask gunicorn python3-requests python3-httpx
	python3-email-validator python3-python-multipart python3-pytest python3-aiosqlite python3-pydantic-settings
	python3-setuptools python3-wheel python3-hatchling python3-poetry-core python3-jwt python3-passlib
	python3-bcrypt python3-cryptography python3-alembic python3-jinja2
	python3-flask-sqlalchemy python3-flask-cors python3-flask-migrate python3-redis python3-pymysql python3-sqlmodel
	python3-peewee python3-tinydb python3-loguru python3-structlog python3-typer python3-orjson python3-decouple
	python3-prometheus-client python3-aiohttp python3-bottle python3-waitress python3-pytest-asyncio
	python3-pytest-cov`)

// standIn makes the stand-in for one reference, or says that there is none.
func standIn(ctx context.Context, store Store, ref string, all wheels, o Options) (Result, error) {
	kind := classify(ref)
	if kind == none {
		return Result{Ref: ref, Action: Missing, Note: "no registry answers, and there is no stand-in for it",
			Fix: "connect to the internet and run `taskgrader images` again, or load it with `docker load`"}, nil
	}
	note := pythonNote
	switch {
	case kind == uv && all.of("uv") != "":
		note = uvOwn
	case kind == uv:
		note = uvNote
	}
	if twin, err := madeBefore(ctx, store, kind, all); err != nil || twin != "" {
		if err == nil {
			err = store.Tag(ctx, twin, ref)
		}
		if err != nil {
			return Result{}, fmt.Errorf("naming the stand-in for %q: %w", ref, err)
		}
		return Result{Ref: ref, Action: Made, StandIn: true, Note: note}, nil
	}
	made, err := all.recipe()
	if err != nil {
		return Result{}, err
	}
	root, err := archive(ctx, kind, all, o)
	if err != nil {
		return Result{}, err
	}
	defer root.Close()
	config := Config{Labels: map[string]string{Label: note, recipeLabel: made}}
	if kind != uv {
		config.Cmd = []string{"python3"}
		config.Env = []string{"PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"}
	}
	if err := store.Import(ctx, ref, root, config); err != nil {
		return Result{}, fmt.Errorf("importing the stand-in for %q: %w", ref, err)
	}
	return Result{Ref: ref, Action: Made, StandIn: true, Note: note}, nil
}

// madeBefore returns the name of a stand-in of the same kind that this grader made, or empty.
func madeBefore(ctx context.Context, store Store, kind family, all wheels) (string, error) {
	for _, ref := range Default {
		if classify(ref) != kind {
			continue
		}
		labels, present, err := store.Lookup(ctx, ref)
		if err != nil {
			return ref, err
		}
		if same, err := fits(labels[recipeLabel], all); err != nil || present && IsStandIn(labels) && same {
			return ref, err
		}
	}
	return "", nil
}

// archive returns the tar archive of a stand-in's files.
func archive(ctx context.Context, kind family, all wheels, o Options) (io.ReadCloser, error) {
	script, err := scripts.ReadFile("standin/uv.py")
	if err != nil {
		return nil, err
	}
	if kind == uv {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		err := errors.Join(all.addUV(w, script, ""), w.Close())
		return io.NopCloser(&b), err
	}
	base, err := pythonArchive(ctx, o)
	if err != nil || kind == python && len(all) == 0 {
		return base, err
	}
	in, out := io.Pipe()
	go func() {
		defer base.Close()
		out.CloseWithError(extended(out, base, func(w *tar.Writer) error {
			if err := all.add(w); err != nil || kind == python {
				return err
			}
			return all.addUV(w, script, "usr/local/bin/") // as in ghcr.io/astral-sh/uv:python3.12-bookworm-slim
		}))
	}()
	return in, nil
}

// extended copies an archive and adds to it.
func extended(out io.Writer, base io.Reader, add func(*tar.Writer) error) error {
	r, w := tar.NewReader(base), tar.NewWriter(out)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		if _, err := io.Copy(w, r); err != nil {
			return err
		}
	}
	return errors.Join(add(w), w.Close())
}

// pythonArchive opens the archive of the Python stand-in, made first if this machine has not made
// it yet. Two processes wait for each other.
func pythonArchive(ctx context.Context, o Options) (io.ReadCloser, error) {
	cache := o.Cache
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("finding a cache folder: %w", err)
		}
		cache = filepath.Join(user, "taskgrader", "baseimages")
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, fmt.Errorf("making the cache folder: %w", err)
	}
	lock := flock.New(filepath.Join(cache, "lock"))
	if _, err := lock.TryLockContext(ctx, 100*time.Millisecond); err != nil {
		return nil, fmt.Errorf("locking the cache folder: %w", err)
	}
	defer func() { _ = lock.Unlock() }()
	path := filepath.Join(cache, "python-"+recipe+".tar")
	if f, err := os.Open(path); err == nil {
		return f, nil
	}
	if err := ensureDebootstrap(ctx, o); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "taskgrader-base-")
	if err != nil {
		return nil, fmt.Errorf("making a work folder: %w", err)
	}
	defer os.RemoveAll(work)
	temporary := path + ".tmp"
	defer os.Remove(temporary)
	if err := makeRoot(ctx, work, temporary, o); err != nil {
		return nil, err
	}
	if err := os.Rename(temporary, path); err != nil {
		return nil, fmt.Errorf("keeping the stand-in: %w", err)
	}
	return os.Open(path)
}

// quickly is what dpkg is told in a root that is thrown away or packed right after: to leave out
// what the image does without, and not to wait for the disk after each file.
const quickly = `force-unsafe-io
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/i18n/*
`

// makeRoot packs a small Debian with Python, and a folder of wheels that pip installs from: nothing
// but FastAPI's absence makes a forgotten dependency fail.
func makeRoot(ctx context.Context, work, packed string, o Options) error {
	root, extra := filepath.Join(work, "root"), filepath.Join(work, "extra")
	told := filepath.Join(root, "etc/dpkg/dpkg.cfg.d/taskgrader")
	if err := errors.Join(os.MkdirAll(filepath.Dir(told), 0o755),
		os.WriteFile(told, []byte(quickly), 0o644)); err != nil {
		return fmt.Errorf("preparing the stand-in's folder: %w", err)
	}
	o.Progress("1/4 laying a small Debian with Python (half a minute)")
	err := command(ctx, "", "debootstrap", "--variant=minbase",
		"--include=python3,python3-venv,python3-pip,ca-certificates", suite, root)
	if err != nil {
		return err
	}
	defer func() { // debootstrap leaves none, but a package's script may
		_ = exec.Command("umount", filepath.Join(root, "proc")).Run()
	}()
	o.Progress("2/4 packing it")
	if err := command(ctx, "", "tar", slices.Concat([]string{"--numeric-owner", "-C", root}, leftOut,
		[]string{"-cf", packed, "."})...); err != nil {
		return err
	}
	o.Progress("3/4 fetching FastAPI and friends")
	// Only the wheels made of them are kept, so nothing needs to be compiled.
	for _, args := range [][]string{{"ln", "-sf", "/bin/true", "/usr/bin/py3compile"}, {"apt-get", "update", "-qq"},
		append([]string{"apt-get", "install", "-y", "-qq", "--no-install-recommends"}, packages...)} {
		if err := command(ctx, root, args[0], args[1:]...); err != nil {
			return err
		}
	}
	o.Progress("4/4 repacking them as wheels")
	for _, name := range []string{"wheels.py", "uv.py"} {
		text, err := scripts.ReadFile("standin/" + name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(root, "tmp", name), text, 0o755); err != nil {
			return fmt.Errorf("writing %q: %w", name, err)
		}
	}
	if err := command(ctx, root, "python3", "/tmp/wheels.py", "/tmp/wheelhouse", "/tmp/uv.py"); err != nil {
		return err
	}
	return command(ctx, "", "sh", "-euc", addExtra, "add", extra, filepath.Join(root, "tmp", "wheelhouse"), wheelhouse,
		packed)
}

// leftOut is what the real image does not hold either.
var leftOut = []string{"--exclude=./var/lib/apt/lists/*", "--exclude=./var/cache/apt/*", "--exclude=./var/log/*",
	"--exclude=./usr/lib/python3*/EXTERNALLY-MANAGED",
	"--exclude=./tmp/*", "--exclude=./var/tmp/*", "--exclude=./etc/apt/apt.conf.d/*proxy*",
	"--exclude=./etc/resolv.conf", "--exclude=./etc/hostname",
	"--exclude=./etc/dpkg/dpkg.cfg.d/taskgrader", "--exclude=./usr/share/doc/*", "--exclude=./usr/share/man/*",
	"--exclude=./usr/share/locale/*",
	"--exclude=./usr/share/info/*", "--exclude=./usr/share/i18n/*"}

// addExtra adds to the archive: python and pip in /usr/local/bin, the wheels, and that pip installs
// from them.
const addExtra = `
mkdir -p "$1/$3" "$1/usr/local/bin" "$1/etc"
cp "$2"/*.whl "$1/$3"
cd "$1"
printf '[global]\nno-index = true\nfind-links = /%s\nbreak-system-packages = true\n' "$3" >etc/pip.conf
for name in python python3; do ln -sf /usr/bin/python3 usr/local/bin/$name; done
for name in pip pip3; do ln -sf /usr/bin/pip3 usr/local/bin/$name; done
# a folder that is there already must not come twice
find . ! -type d | tar --numeric-owner --owner=0 --group=0 -rf "$4" -T -
`

// ensureDebootstrap installs what makes a Debian root, where that can be done unasked.
func ensureDebootstrap(ctx context.Context, o Options) error {
	if os.Geteuid() != 0 {
		return &SetupError{Message: "making stand-ins for base images needs root, since no registry answers",
			Fix: "connect to the internet once, or run: sudo taskgrader images --offline"}
	}
	if _, err := exec.LookPath("debootstrap"); err == nil {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return &SetupError{Message: "making stand-ins for base images needs debootstrap, which this system " +
			"does not have",
			Fix: "connect to the internet once, or load the images from an archive: docker load -i images.tar"}
	}
	o.Progress("installing debootstrap")
	if err := command(ctx, "", "apt-get", "update", "-qq"); err == nil {
		err = command(ctx, "", "apt-get", "install", "-y", "-qq", "--no-install-recommends", "debootstrap")
		if err == nil {
			return nil
		}
	}
	return &SetupError{Message: "installing debootstrap failed",
		Fix: "run: apt-get update && apt-get install -y debootstrap"}
}

// command runs a program, in another root if one is given, and ends its whole group with the
// context. Its error holds the last lines that it printed.
func command(ctx context.Context, root, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	if root != "" {
		c = exec.CommandContext(ctx, "chroot", append([]string{root, name}, args...)...)
	}
	c.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8")
	ownGroup(c)
	out, err := c.CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("running %q: %w: %s", name, err, strings.Join(lines[max(0, len(lines)-5):], "; "))
	}
	return nil
}
