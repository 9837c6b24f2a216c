package readings

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// java are the words of Java, of what builds it, and of a program of Go's that is started.
var java = tool{name: "java", entries: []entry{
	on("no-jar", `Unable to access jarfile (\S+)`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause, h.Advice = fmt.Sprintf("There is no %s in the image.", inside(s.workdir(), m[1])),
			"COPY it from where the build puts it, under that name."
		return true
	}),
	on("class-as-a-file", `Could not find or load main class (\S+)\.(?:class|java)\b`,
		`java wants the name of a class, $1, and not that of its file.`, `Write it without .class.`).
		with(func(s *Scene, m []string, h *check.Hint) bool {
			h.Edit = s.inCommand(regexp.MustCompile(`\b`+regexp.QuoteMeta(m[1])+`\.class\b`), m[1])
			return true
		}),
	on("variable", `NumberFormatException: (?:Cannot parse null string|null)`, "", "").
		with(func(s *Scene, _ []string, h *check.Hint) bool {
			_, m := s.grep(regexp.MustCompile(`parse\w+\(\s*System\.getenv\("(\w+)"\)`), ".java")
			return m != nil && missing(s, []string{m[1]}, h)
		}),
	on("no-main", `no main manifest attribute, in (\S+)`, `$1 names no class to start.`,
		`Build it with the plugin that makes a jar which can be started (spring-boot-maven-plugin).`),
	on("release", `(?:release version|invalid (?:target|source) release:?) (\d+)`, "", "").with(func(s *Scene,
		m []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("The program is to be compiled for Java %s, and the image has an older one.", m[1])
		h.Advice = fmt.Sprintf("Begin with Java %s, in the stage that starts it, too.", m[1])
		p, got := s.grepIn("pom.xml", regexp.MustCompile(`<(?:java\.version|maven\.compiler\.\w+|release|source|`+
			`target)>`+m[1]+`<`))
		if got == nil {
			return true
		}
		has := s.javaOf()
		if has == "" {
			h.Cause = fmt.Sprintf("%s, asks for Java %s, and the image has an older one.", p, m[1])
			return true
		}
		h.Cause = fmt.Sprintf("%s, asks for Java %s, and the image has %s.", p, m[1], has)
		h.Advice = "Ask for that of the image."
		h.Edit = p.replace(regexp.MustCompile(`>`+m[1]+`<`), ">"+has+"<")
		return true
	}),
	on("class-version", `class file version (\d+)\.\d+\)[^\n]*class file versions up to (\d+)`, "", "").with(func(
		s *Scene, m []string, h *check.Hint) bool {
		made, has := javaVersion(m[1]), javaVersion(m[2])
		h.Cause = fmt.Sprintf("The program was compiled for Java %s, and the image that is started has Java %s.", made,
			has)
		h.Advice = "Begin both stages with the same Java."
		h.Edit = s.dockerfileLine(s.File.Final().Line).replace(javaImage, "${1}"+made)
		return true
	}),
	on("compiler", `(?m)^(?:\[ERROR\] )?(/\S+\.(?:java|kt)):\[?(\d+)(?:,\d+\])?:? (?:error: )?([^\n]+)`, "",
		"").first().with(diagnosed("Java")),
	on("maven-wrapper", `\.mvn/wrapper/maven-wrapper\.(?:properties|jar)`, "", "").with(wrapper(
		".mvn/wrapper/maven-wrapper.properties", ".mvn", "mvnw")),
	on("gradle-wrapper", `org\.gradle\.wrapper\.GradleWrapperMain|gradle-wrapper\.jar`, "", "").with(wrapper(
		"gradle/wrapper/gradle-wrapper.jar", "gradle", "gradlew")),
	on("maven-test", `(?m)^\[ERROR\]   (\w+)\.\w+:(\d+)(?:->\S+)? ([^\n]+)`, "",
		"").first().with(func(s *Scene, m []string, h *check.Hint) bool {
		file := m[1] + ".java"
		if found := s.named(file); len(found) > 0 {
			file = found[0]
		}
		h.Cause = fmt.Sprintf("%s, line %s, a test that the build runs, fails: %s", file, m[2], short(m[3]))
		h.Advice = "Correct the program or the test, or let the build do without."
		h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`(\bmvnw? [^&|;]*?\b(?:package|install|verify)\b)`),
			"${1} -DskipTests")
		return true
	}),
	on("gradle-java", `Cannot find a Java installation [^\n]*\{languageVersion=(\d+)`, "", "").with(func(s *Scene,
		m []string, h *check.Hint) bool {
		has := s.javaOf()
		h.Cause = fmt.Sprintf("The build asks for Java %s, and the image has another.", m[1])
		h.Advice = "Begin with that Java, in the stage that starts it, too."
		if has == "" {
			return true
		}
		for _, file := range []string{"build.gradle", "build.gradle.kts"} {
			if p, _ := s.grepIn(file, regexp.MustCompile(`languageVersion.*\(`+m[1]+`\)`)); p.file != "" {
				h.Cause = fmt.Sprintf("%s, asks for Java %s, and the image has %s.", p, m[1], has)
				h.Advice = "Ask for that of the image."
				h.Edit = p.replace(regexp.MustCompile(`\(`+m[1]+`\)`), "("+has+")")
			}
		}
		return true
	}),
	on("gradle", `(?s)\* What went wrong:\n(?P<line>.+?)\n\n\* Try`, `Gradle ends with: $1`,
		`Correct what it names, so that the same command ends well at home.`),
	on("maven", `(?m)^\[ERROR\] Failed to execute goal [^\n]*? on project \S+: ([^\n]+?)(?: -> \[Help \d\])?$`,
		`Maven ends with: $1`, `Correct what it names, so that the same command ends well at home.`),
	on("no-data-source", `Failed to configure a DataSource: 'url' attribute is not specified`,
		`Spring is to use a database, and nothing says at which address it is.`,
		`Set spring.datasource.url in application.properties, or SPRING_DATASOURCE_URL with ENV; or take the starter `+
			`for databases out.`),
	on("spring", `(?s)APPLICATION FAILED TO START\n\*+\n+Description:\n+(?P<line>.+?)\n\n(?:.*?Action:\n+(.+?)\n\n)?`,
		`Spring does not start the program: $1`, `$2`),
	on("go-open", `(?m)^(?:panic: |\d{4}/\d\d/\d\d \d\d:\d\d:\d\d )?[^\n]*\bopen ([^\s:]+): no such file or `+
		`directory`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool { return s.started && folderMissing(s, m, h) }),
	on("go-write", `(?m)^[^\n]*\b(?:open|mkdir) ([^\s:]+): permission denied`, "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		return s.started && mayNotWrite(s, m[1], h)
	}),
	on("panic", `(?m)^panic: ([^\n]*)`, `The program ended itself: $1`,
		`Look at the first line below it that names a file of the program.`).with(func(s *Scene, m []string,
		h *check.Hint) bool {
		_, below, _ := strings.Cut(s.log, "panic: ")
		for _, at := range regexp.MustCompile(`(?m)^\t(/\S+\.go):(\d+)`).FindAllStringSubmatch(below, -1) {
			if p, ok := s.lineOf(s.own(at[1]), at[2]); ok {
				h.Cause = fmt.Sprintf("%s, ends the program: %s. The line is `%s`.", p,
					strings.TrimSuffix(short(m[1]), "."), p.code())
				h.Advice = "Look at that line with those words."
				break
			}
		}
		return true
	}),
}}

// javaImage is a base image with Java, and which.
var javaImage = regexp.MustCompile(`(?i)^(\s*FROM\s.*?(?:temurin|corretto|openjdk|jdk|jre|java)[-:]?)(\d+)`)

// javaOf returns which Java the step's stage begins with, as its FROM says; or empty.
func (s *Scene) javaOf() (version string) {
	for _, stage := range s.File.Stages {
		if m := javaImage.FindStringSubmatch(s.File.Lines[stage.Line-1]); m != nil &&
			(s.Step == nil || stage.Line <= s.Step.Line) {
			version = m[2]
		}
	}
	return version
}

// javaVersion returns the Java that a version of class files is of.
func javaVersion(class string) string {
	n, _ := strconv.Atoi(class)
	return strconv.Itoa(n - 44)
}

// wrapper returns that a script which fetches the build's tool lacks the file that it reads.
func wrapper(file, folder, script string) func(*Scene, []string, *check.Hint) bool {
	return func(s *Scene, _ []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("%s reads %s, which the image has not.", script, file)
		found := s.has(file)
		if line := s.hidden(file); found && line != "" {
			h.Cause += fmt.Sprintf(" %s, keeps it out.", line)
			h.Advice = "Take that line out of the ignore file."
			return true
		}
		if !found {
			h.Cause += " The folder has none either."
			h.Advice = fmt.Sprintf("Hand in the folder %s with all that is in it; a .gitignore with *.jar keeps a "+
				"part of it out.", folder)
			return true
		}
		h.Advice = fmt.Sprintf("COPY the folder %s, too.", folder)
		if slices.ContainsFunc(s.before(),
			func(in dockerfile.Instruction) bool { return slices.Contains(in.Sources(), folder) }) {
			return true
		}
		h.Edit = s.above(false, "COPY "+folder+" "+strings.TrimSuffix(folder, "/"))
		if h.Edit != nil {
			h.Advice = ""
		}
		return true
	}
}
