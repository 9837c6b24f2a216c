package baseimage

import (
	"archive/tar"
	"bytes"
	"context"
	"embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

//go:embed standin
var scripts embed.FS

// SetupError is that stand-ins cannot be made here.
type SetupError struct {
	Message string
	Fix     string
}

func (e *SetupError) Error() string { return e.Message }

// Hint is how to mend it.
func (e *SetupError) Hint() string { return e.Fix }

const (
	pythonNote = "a stand-in: Python 3.13 of Debian, with FastAPI and friends to be installed from a folder inside"
	uvNote     = "a stand-in for uv: the part that a small Python service needs, done by pip"
	suite      = "trixie"
	wheelhouse = "usr/local/share/wheelhouse"
)

// packages are what students' requirements may name.
var packages = strings.Fields(`python3-fastapi uvicorn python3-uvloop python3-watchfiles python3-websockets python3-dotenv
	python3-yaml python3-sqlalchemy python3-flask gunicorn python3-requests python3-httpx python3-email-validator
	python3-multipart python3-pytest python3-aiosqlite python3-pydantic-settings`)

// standIn makes the stand-in for one reference, or says that there is none.
func standIn(ctx context.Context, store Store, ref string, o Options) (Result, error) {
	kind := classify(ref)
	if kind == none {
		return Result{Ref: ref, Action: Missing, Note: "no registry answers, and there is no stand-in for it",
			Fix: "connect to the internet and run `taskgrader images` again, or load it with `docker load`"}, nil
	}
	note := pythonNote
	if kind == uv {
		note = uvNote
	}
	root, err := archive(ctx, kind, o)
	if err != nil {
		return Result{}, err
	}
	defer root.Close()
	config := Config{Labels: map[string]string{Label: note, recipeLabel: recipe}}
	if kind != uv {
		config.Cmd = []string{"python3"}
		config.Env = []string{"PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"}
	}
	if err := store.Import(ctx, ref, root, config); err != nil {
		return Result{}, fmt.Errorf("importing the stand-in for %q: %w", ref, err)
	}
	return Result{Ref: ref, Action: Made, StandIn: true, Note: note}, nil
}

// archive is the tar archive of a stand-in's files.
func archive(ctx context.Context, kind family, o Options) (io.ReadCloser, error) {
	script, err := scripts.ReadFile("standin/uv.py")
	if err != nil {
		return nil, err
	}
	if kind == uv {
		return io.NopCloser(uvArchive(script, "")), nil
	}
	base, err := pythonArchive(ctx, o)
	if err != nil || kind == python {
		return base, err
	}
	return nil, &SetupError{Message: "there is no stand-in for an image with both Python and uv", Fix: "use python:3.12-slim and COPY --from=ghcr.io/astral-sh/uv"}
}

func uvArchive(script []byte, folder string) io.Reader {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range []string{"uv", "uvx"} {
		// A Buffer takes everything.
		_ = w.WriteHeader(&tar.Header{Name: folder + name, Mode: 0o755, Size: int64(len(script)), ModTime: time.Unix(0, 0)})
		_, _ = w.Write(script)
	}
	_ = w.Close()
	return &b
}

// pythonArchive opens the archive of the Python stand-in, made first if this machine has not made it yet. Two processes
// wait for each other.
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
	unlock, err := lock(filepath.Join(cache, "lock"))
	if err != nil {
		return nil, fmt.Errorf("locking the cache folder: %w", err)
	}
	defer unlock()
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
	if err := makeRoot(ctx, work, o); err != nil {
		return nil, err
	}
	temporary := path + ".tmp"
	defer os.Remove(temporary)
	if err := command(ctx, "", "tar", "--numeric-owner", "-C", filepath.Join(work, "root"), "-cf", temporary, "."); err != nil {
		return nil, err
	}
	if err := os.Rename(temporary, path); err != nil {
		return nil, fmt.Errorf("keeping the stand-in: %w", err)
	}
	return os.Open(path)
}

// makeRoot makes work/root: a small Debian with Python, and a folder of wheels that pip installs from.
func makeRoot(ctx context.Context, work string, o Options) error {
	root, full := filepath.Join(work, "root"), filepath.Join(work, "full")
	o.Progress("1/4 laying a small Debian with Python (half a minute)")
	err := command(ctx, "", "debootstrap", "--variant=minbase", "--include=python3,python3-venv,python3-pip,ca-certificates", suite, root)
	if err != nil {
		return err
	}
	o.Progress("2/4 fetching FastAPI and friends")
	if err := command(ctx, "", "cp", "-a", root, full); err != nil {
		return err
	}
	defer func() { // debootstrap leaves none, but a package's script may
		_ = exec.Command("umount", filepath.Join(full, "proc")).Run()
	}()
	if err := command(ctx, full, "apt-get", "update", "-qq"); err != nil {
		return err
	}
	if err := command(ctx, full, "apt-get", append([]string{"install", "-y", "-qq", "--no-install-recommends"}, packages...)...); err != nil {
		return err
	}
	o.Progress("3/4 repacking them as wheels")
	for _, name := range []string{"wheels.py", "uv.py"} {
		text, err := scripts.ReadFile("standin/" + name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(full, "tmp", name), text, 0o755); err != nil {
			return fmt.Errorf("writing %q: %w", name, err)
		}
	}
	if err := command(ctx, full, "python3", "/tmp/wheels.py", "/tmp/wheelhouse", "/tmp/uv.py"); err != nil {
		return err
	}
	o.Progress("4/4 trimming")
	if err := command(ctx, "", "sh", "-euc", trim, "trim", root, filepath.Join(full, "tmp", "wheelhouse"), wheelhouse); err != nil {
		return err
	}
	return nil
}

// trim makes the root look like the real image: small, python and pip in /usr/local/bin, pip free to install, and what
// is to be installed in a folder, since nothing but FastAPI's absence makes a forgotten dependency fail.
const trim = `
cd "$1"
rm -rf usr/share/doc usr/share/man usr/share/locale usr/share/info usr/share/i18n var/lib/apt/lists/* var/cache/apt/* \
	var/log/* usr/lib/python3*/EXTERNALLY-MANAGED tmp/* var/tmp/* etc/apt/apt.conf.d/*proxy* etc/resolv.conf etc/hostname
find usr/lib/python3* -name __pycache__ -type d -prune -exec rm -rf {} +
mkdir -p "$3" usr/local/bin
cp "$2"/*.whl "$3"
printf '[global]\nno-index = true\nfind-links = /%s\nbreak-system-packages = true\n' "$3" >etc/pip.conf
for name in python python3; do ln -sf /usr/bin/python3 usr/local/bin/$name; done
for name in pip pip3; do ln -sf /usr/bin/pip3 usr/local/bin/$name; done
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
		return &SetupError{Message: "making stand-ins for base images needs debootstrap, which this system does not have",
			Fix: "connect to the internet once, or load the images from an archive: docker load -i images.tar"}
	}
	o.Progress("installing debootstrap")
	if err := command(ctx, "", "apt-get", "update", "-qq"); err == nil {
		err = command(ctx, "", "apt-get", "install", "-y", "-qq", "--no-install-recommends", "debootstrap")
		if err == nil {
			return nil
		}
	}
	return &SetupError{Message: "installing debootstrap failed", Fix: "run: apt-get update && apt-get install -y debootstrap"}
}

// command runs a program, in another root if one is given, and ends its whole group with the context. Its error holds
// the last lines that it printed.
func command(ctx context.Context, root, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	if root != "" {
		c = exec.CommandContext(ctx, "chroot", append([]string{root, name}, args...)...)
	}
	c.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8")
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	out, err := c.CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("running %q: %w: %s", name, err, strings.Join(lines[max(0, len(lines)-5):], "; "))
	}
	return nil
}

// lock takes a lock on a file until unlock is called, or this process ends.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}
