package readings

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// toolchains are the words of what builds and serves in other languages, and of servers of files.
var toolchains = tool{name: "toolchains", entries: []entry{
	on("ruby-version", `Your Ruby version is (\d+\.\d+)[\d.]*, but your Gemfile specified [^\d\n]*(\d+\.\d+)[\d.]*`,
		`The Gemfile asks for Ruby $2, and the image has $1.`, `Begin with that Ruby.`).with(fromOf(`\bruby:`)),
	on("cargo-lock", `the lock file \S*?(?:/(Cargo\.lock)) needs to be updated but --locked`,
		`Cargo.lock does not fit Cargo.toml.`, `Run cargo build at home and hand in Cargo.lock; or take --locked out.`).
		with(func(s *Scene, _ []string, h *check.Hint) bool {
			h.Edit = s.inInstruction(s.Step, regexp.MustCompile(` --locked\b`), "")
			return true
		}),
	on("php-extension", `requires PHP extension ext-(\w+) \S+ but it is missing`,
		`composer.json asks for PHP's extension $1, which the image has not.`,
		`Install it before, with docker-php-ext-install $1.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		if strings.HasSuffix(m[1], "mysql") || m[1] == "mysqli" || m[1] == "bcmath" || m[1] == "exif" {
			h.Advice, h.Edit = "Install it before.", s.above(false, "RUN docker-php-ext-install "+m[1])
		}
		return true
	}),
	on("deno-permission", `Requires \w+ access to [^\n]*run again with the (--allow-\w+) flag`,
		`Deno lets the program do so only where it is started with $1.`, `Start it so.`).with(func(s *Scene, m []string,
		h *check.Hint) bool {
		h.Edit = s.inCommand(regexp.MustCompile(`"run"`), `"run", "`+m[1]+`"`)
		return true
	}),
	on("dotnet-version", `NETSDK1045: The current \.NET SDK does not support targeting \.NET ([\d.]+)\.\s+Either `+
		`target \.NET ([\d.]+)`, `The project is for .NET $1, and the image has $2.`,
		`Begin with .NET $1, in the stage that starts it, too.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		target := regexp.MustCompile(`(<TargetFramework>net)` + regexp.QuoteMeta(m[1]) + `(<)`)
		for _, file := range s.files() {
			if p, _ := s.grepIn(file, target); path.Ext(file) == ".csproj" && p.file != "" {
				h.Cause = fmt.Sprintf("%s, is for .NET %s, and the image has %s.", p, m[1], m[2])
				h.Advice, h.Edit = "Ask for that of the image.", p.replace(target, "${1}"+m[2]+"${2}")
			}
		}
		return true
	}),
	on("dotnet-program", `but dotnet-(\S+\.dll) does not exist`, `There is no $1 in the image.`,
		`Name what dotnet publish makes.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		for _, file := range s.files() {
			made := strings.TrimSuffix(path.Base(file), ".csproj") + ".dll"
			if path.Ext(file) != ".csproj" || made == m[1] {
				continue
			}
			h.Cause = fmt.Sprintf("There is no %s in the image: dotnet publish names what it makes after %s.", m[1],
				file)
			h.Advice = "Start that."
			h.Edit = s.inCommand(regexp.MustCompile(`([\s"/])`+regexp.QuoteMeta(m[1])), "${1}"+made)
		}
		return true
	}),
	on("glibc", `version .GLIBC_([\d.]+)' not found \(required by ([^)\s]+)\)`,
		`$2 was built on a system with a newer C library than the image that is started has.`,
		`Begin the last stage with as new a release of Debian as the one that builds it.`).with(func(s *Scene,
		_ []string, h *check.Hint) bool {
		suite := regexp.MustCompile(`(buster|bullseye|bookworm|trixie)`)
		final := s.dockerfileLine(s.File.Final().Line)
		for _, stage := range s.File.Stages {
			if m := suite.FindString(stage.Base); m != "" && stage.Line != final.line &&
				!strings.Contains(final.text, m) {
				h.Edit = final.replace(suite, m)
			}
		}
		return true
	}),
	on("browser", `Executable doesn't exist at \S*ms-playwright|Looks like Playwright was just installed`,
		`Playwright's browser is not in the image.`, `Let the build fetch it.`).with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		h.Cause = fmt.Sprintf("Playwright's browser is not in the image%s.", s.at())
		by := "RUN playwright install --with-deps chromium"
		if p, _ := s.frame(); path.Ext(p.file) != ".py" {
			by = "RUN npx playwright install --with-deps chromium"
		}
		h.Edit = s.above(true, by)
		return true
	}),
	on("browser-of-puppeteer", `Could not find Chrome(?:ium)? \(|Failed to launch the browser process`,
		`The browser that puppeteer starts is not in the image, or not all that it needs.`,
		`Install chromium with the system's packages, and name it: ENV PUPPETEER_EXECUTABLE_PATH=/usr/bin/chromium.`),
	on("sharp", `Could not load the "(sharp)" module using the (\S+) runtime`,
		`The part of $1 for $2 is not installed, as when package-lock.json was made on another system.`,
		`Let the build install it.`).with(func(s *Scene, _ []string, h *check.Hint) bool {
		h.Edit = s.asRoot("RUN npm install --include=optional sharp")
		return true
	}),
	on("nginx-upstream", `host not found in upstream "([^":\n]+)[^"\n]*" in (\S+?):(\d+)`, "", "").with(func(s *Scene,
		m []string, h *check.Hint) bool {
		file := s.own(m[2])
		h.Cause = fmt.Sprintf("nginx passes requests on to %s (%s, line %s), a name of a service of compose's: "+
			"here the container runs alone, and nginx does not start where it does not know a name.", m[1],
			map[bool]string{true: m[2], false: file}[file == ""], m[3])
		h.Advice = "Let nginx look the name up when it is asked: a resolver line, and the address in a variable."
		return true
	}),
	on("nginx-rights", `nginx: \[emerg\] \w+\(\) "(/var/cache/nginx|/run|/var/run|/var/log/nginx)[^"\n]*" `+
		`failed \(13: `, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		user, line := s.user()
		if user == "" {
			return false
		}
		h.Cause = fmt.Sprintf("nginx runs as %s, since USER on line %d, who may not write in %s.", user, line, m[1])
		by := "RUN touch /run/nginx.pid && chown -R " + user + " /var/cache/nginx /run/nginx.pid"
		h.Advice = "Give it the folders."
		h.Edit = &check.Edit{File: s.File.Name, Line: line - 1, New: by}
		return true
	}),
	on("config-file", `could not find config file (/\S+)`, "", "").with(folderMissing),
	on("corepack", `This project's package\.json defines "packageManager": "(?:yarn@)?(\w+)@`,
		`package.json names the version of $1, and the image has another.`, `Let corepack fetch it.`).with(func(
		s *Scene, _ []string, h *check.Hint) bool {
		h.Edit = s.above(false, "RUN corepack enable")
		return true
	}),
	on("sequelize-config", `Error reading "([^"\n]+)"\. Error: Error: Please, define "(\w+)" environment`,
		`$1 has no part for $2, which NODE_ENV asks for.`, `Write one, as the one for development.`),
}}

// fromOf returns the edit of the stage that begins with another version of an image.
func fromOf(image string) func(*Scene, []string, *check.Hint) bool {
	return func(s *Scene, m []string, h *check.Hint) bool {
		for i := range s.File.Lines {
			if e := s.dockerfileLine(i+1).replace(regexp.MustCompile(`(?i)^(\s*FROM\s.*?`+image+`)`+
				regexp.QuoteMeta(m[1])+`(?:\.\d+)?`), "${1}"+m[2]); e != nil {
				h.Edit = e
				break
			}
		}
		return true
	}
}
