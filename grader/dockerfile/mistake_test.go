package dockerfile

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMistakes: each cause has its words, and its line to write, which Docker can read.
func TestMistakes(t *testing.T) {
	folder := fstest.MapFS{"requirements.txt": {}, "app/main.py": {}, "main.py": {}}
	for _, c := range []struct{ line, message, hint, want string }{
		{"FROM python 3.12-slim", "has a space where a colon belongs", "", "FROM python:3.12-slim"},
		{"from python 3.12 slim", "has a space where a colon belongs", "", "from python:3.12-slim"},
		{"FROM python:3.12 slim AS base", "has a space where a hyphen belongs", "", "FROM python:3.12-slim AS base"},
		{"FROM python: 3.12", "has a space behind the colon", "", "FROM python:3.12"},
		{"FROM --platform=linux/amd64 node 20", "has a space where a colon belongs", "",
			"FROM --platform=linux/amd64 node:20"},
		{"FROM python:3.12 AS", "has AS, and no name behind it", "", "FROM python:3.12"},
		{"FROM = python:3.12", "has a = behind FROM, where the image belongs", "", "FROM python:3.12"},
		{"FROM python:3.12 node:20", "names more than one image", "Keep the one that the program needs.", ""},
		{"FROM", "names no image", "Write the base image behind FROM, with a version.", ""},
		{"FROM python:3.12 # the base",
			"has a comment behind the instruction: # begins one at the start of a line alone", "",
			"# the base\nFROM python:3.12"},
		{"ENV MODE=a # of the school",
			"has a comment behind the instruction: # begins one at the start of a line alone", "",
			"# of the school\nENV MODE=a"},
		{"COPY ..", "lacks a space: the first dot is what to copy, the second where to", "", "COPY . ."},
		{"COPY ..3", "lacks a space: the first dot is what to copy, the second where to", "", "COPY . ."},
		{"copy ../", "lacks a space: the first dot is what to copy, the second where to", "", "copy . ."},
		{"COPY requirements.txt", "says what to copy, and not where to", "", "COPY requirements.txt ."},
		{"COPY requirements.txt.", "lacks a space before the dot, which is where to", "", "COPY requirements.txt ."},
		{"COPY main.py./", "lacks a space before the dot, which is where to", "", "COPY main.py ./"},
		{"COPY ./app", "says what to copy, and not where to", "", "COPY ./app ./app"},
		{"COPY ./srv", "lacks a space behind the dot, which is what to copy", "", "COPY . /srv"},
		{"ADD --chown=1000 main.py", "says what to copy, and not where to", "", "ADD --chown=1000 main.py ."},
		{"COPY --from=uv /uv", "says not all of what to copy and where to",
			"Write both behind it: first what, then where.", ""},
		{"COPY. .", "lacks a space behind COPY", "", "COPY . ."},
		{"COPY..", "lacks a space behind COPY", "", "COPY . ."},
		{"WORKDIR/app", "lacks a space behind WORKDIR", "", "WORKDIR /app"},
		{"WORKDIR: /app", "has a : behind WORKDIR, where a space belongs", "", "WORKDIR /app"},
		{"EXPOSE8000", "lacks a space behind EXPOSE", "", "EXPOSE 8000"},
		{`CMD["python", "main.py"]`, "lacks a space behind CMD", "", `CMD ["python", "main.py"]`},
		{"RUNpip install fastapi", "lacks a space behind RUN", "", "RUN pip install fastapi"},
		{"ENV NAME=“two words”", "has the curly quotes of a text editor, and Docker knows the straight ones " +
			"alone", "",
			`ENV NAME="two words"`},
		{`CMD ["uvicorn", "main:app", "--port", 8000]`,
			"has 8000 without quotes, and a list has all its words in double quotes", "",
			`CMD ["uvicorn", "main:app", "--port", "8000"]`},
		{"RUN\u00a0npm install", "has a space of a web page or word processor in it (no-break space), which Docker " +
			"takes for " +
			"a letter", "", "RUN npm install"},
		{"ENV PORT:3000", "has a colon where = belongs", "", "ENV PORT=3000"},
		{"ENV NAME=two words", "has a value with blanks, which needs quotes", "", `ENV NAME="two words"`},
		{"HEALTHCHECK --interval=9s curl x", "lacks CMD before the command", "",
			"HEALTHCHECK --interval=9s CMD curl x"},
		{"pip install -r requirements.txt", "is a command, and RUN is what runs one in the build", "",
			"RUN pip install -r requirements.txt"},
		{"python main.py", "is a command, and CMD is what starts one in the container", "",
			`CMD ["python", "main.py"]`},
		{"This file builds my program.", "is a sentence, and no instruction", "", "# This file builds my program."},
		{"services:", "belongs to a file for docker compose, and is no instruction",
			"Call the file docker-compose.yml, and write the Dockerfile beside it: its first instruction is FROM.", ""},
		{"WORKDIRECTORY /app", "begins with WORKDIRECTORY, which is no instruction: WORKDIR is", "", "WORKDIR /app"},
		{"PORT 8000", "begins with PORT, which is no instruction: EXPOSE is", "", "EXPOSE 8000"},
		{"INSTALL pip install fastapi", "begins with INSTALL, which is no instruction: RUN is", "",
			"RUN pip install fastapi"},
		{"ENV PORT", "names a variable, and gives it no value",
			"Write its value too, as in ENV PORT=value; or take the line out, where docker run -e is to set it.", ""},
		{"WORKDIR", "says nothing behind its name", "Write it as in WORKDIR /app, or take the line out.", ""},
		{"COPY --form=build a b", "has the option --form, which COPY does not know", "", "COPY --from=build a b"},
		{"RUN --bogusly x", "has the option --bogusly, which RUN does not know", "Take it out.", ""},
		{"HEALTHCHECK --interval=30 CMD true", "has a time without a unit", "", "HEALTHCHECK --interval=30s CMD true"},
		{"RUN <<EOF", "begins a text that goes on to a line with EOF alone, and there is none",
			"Write EOF on a line of its own where the text ends.", ""},
		{"&& rm -rf x", "goes on with line 1, which has no backslash at its end", "", ""}, // FROM does not go on either
	} {
		text := "FROM scratch\n" + c.line + "\nUSER a\n"
		if strings.EqualFold(strings.Fields(c.line)[0], "FROM") {
			text = "ARG A\n" + c.line + "\nUSER a\n"
		}
		_, err := read(Name, []byte(text), folder)
		var e *Error
		require.ErrorAs(t, err, &e, c.line)
		assert.Equal(t, "`"+c.line+"` "+c.message, e.Message)
		assert.Equal(t, 2, e.Line, c.line)
		assert.Equal(t, c.hint, e.Hint, c.line)
		if c.want == "" {
			assert.Nil(t, e.Fix, c.line)
			continue
		}
		require.NotNil(t, e.Fix, c.line)
		assert.Equal(t, Change{Line: 2, Old: c.line, New: c.want}, *e.Fix)
		lines, ok := e.Fix.apply(linesOf([]byte(text)))
		require.True(t, ok)
		_, err = Parse(Name, []byte(strings.Join(lines, "\n")))
		assert.NoError(t, err, c.line)
	}
}

// TestNext: what Docker would meet next is told with the lines of the file as it is.
func TestNext(t *testing.T) {
	_, err := Parse(Name, []byte("FROM x # base\nWORKDIR /app\nCOPY requirements.txt\nEXPOZE 8000\nRUN pip install\n"))
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, 1, e.Line)
	assert.Equal(t, &Change{1, "FROM x # base", "# base\nFROM x"}, e.Fix)
	require.Len(t, e.Next, 2)
	assert.Equal(t, &Change{3, "COPY requirements.txt", "COPY requirements.txt ."}, e.Next[0].Fix)
	assert.Equal(t, 4, e.Next[1].Line)
	assert.Equal(t, &Change{4, "EXPOZE 8000", "EXPOSE 8000"}, e.Next[1].Fix)
	assert.Contains(t, e.Next[1].Message, "EXPOZE")

	_, err = Parse(Name, []byte("FROM x # base\nWORKDIR\nEXPOZE 8000\n"))
	require.ErrorAs(t, err, &e)
	require.Len(t, e.Next, 1, "behind what has no fix nothing is known")
}

// TestMistakesAmongOthers are those that are seen in the lines around them.
func TestMistakesAmongOthers(t *testing.T) {
	for _, c := range []struct {
		text, message, hint string
		fix                 *Change
	}{
		{"FROM x\nRUN a \\\n  && b\n  && c\n", "`&& c` goes on with line 3, which has no backslash at its end", "",
			&Change{3, "  && b", "  && b \\"}},
		{"FROM x\nRUN a &&\n b\n", "`b` goes on with line 2, which has no backslash at its end", "",
			&Change{2, "RUN a &&", "RUN a && \\"}},
		{"FROM x\nRUN a && # why\n b c\n", "`b c` does not go on with line 2, which ends with a comment", "",
			&Change{2, "RUN a && # why", "# why\nRUN a && \\"}},
		{"FROM x\nUSER a\n```\n", "````` is a mark", "", &Change{3, "```", ""}},
		{"```dockerfile\nFROM x\n```\n", "````dockerfile` is a mark", "",
			&Change{1, "```dockerfile\nFROM x\n```", "FROM x"}},
		{"```dockerfile\nFROM x\n```\n.env\n```\n", "````dockerfile` is a mark", "",
			&Change{1, "```dockerfile\nFROM x\n```\n.env\n```", "FROM x"}},
		{"```\nFROM x\n```\n```\nUSER a\n```\n", "````` is a mark", "",
			&Change{1, "```\nFROM x\n```\n```\nUSER a\n```", "FROM x\nUSER a"}},
		{"```dockerfile\nFROM x\nCOPY ..\n```\n.env\n", "````dockerfile` is a mark", "",
			&Change{1, "```dockerfile\nFROM x\nCOPY ..\n```\n.env", "FROM x\nCOPY .."}},
		{"```dockerfile\nFROM x\nUSER a\n", "````dockerfile` is a mark", "",
			&Change{1, "```dockerfile\nFROM x\nUSER a", "FROM x\nUSER a"}},
		{"FROM x\n```\nUSER a\n", "````` is a mark", "", &Change{2, "```\nUSER a", "USER a"}},
		{"FROM x\n```\nThat is all.\n", "````` is a mark", "", &Change{2, "```\nThat is all.", ""}},
		{"COPY a b\nFROM x\n", "`COPY a b` stands above FROM, and only ARG may",
			"Move line 2, `FROM x`, to the top of the file.", nil},
		{"RUN x\n", "no build stage in current context",
			"Every Dockerfile begins with FROM and a base image: write that line first.", nil},
		{"We use python here\n", "`We use python here` is a sentence",
			"Write the instructions themselves into the file, one a line: the first is FROM and a base image.", nil},
		{"FROM x\nCOPPY a b\n", "unknown instruction: COPPY", "Write COPY instead of COPPY.",
			&Change{2, "COPPY a b", "COPY a b"}},
		{"FROM x 1\nCOPY ..\n", "`FROM x 1` has a space", "", &Change{1, "FROM x 1", "FROM x:1"}},
	} {
		_, err := Parse(Name, []byte(c.text))
		var e *Error
		require.ErrorAs(t, err, &e, c.text)
		assert.Contains(t, e.Message, c.message)
		assert.Equal(t, c.hint, e.Hint, c.text)
		assert.Equal(t, c.fix, e.Fix, c.text)
	}
}

func TestNames(t *testing.T) {
	_, err := Parse(Name,
		[]byte(
			"FROM python 3.12\nworkdir /app\nRUNpip install \\\n  COPY \\\n  # x\n  "+
				"fastapi\nCOPY..\nEXPOSE8000\nWROKDIR x\nRun the container with docker run here.\n"))
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, []string{"FROM", "WORKDIR", "RUN", "COPY", "EXPOSE"}, e.Names)
}

func TestFind(t *testing.T) {
	assert.Equal(t, "Dockerfile", Find(fstest.MapFS{"Dockerfile": {}, "dockerfile": {}}))
	assert.Equal(t, "dockerfile", Find(fstest.MapFS{"dockerfile": {}}))
	assert.Equal(t, "Dockerfile", Find(fstest.MapFS{"DOCKERFILE": {}}))
	f, err := Load(fstest.MapFS{"dockerfile": {Data: []byte("FROM x\n")}})
	require.NoError(t, err)
	assert.Equal(t, "dockerfile", f.Name)
}

func TestShellWords(t *testing.T) {
	for _, c := range []struct {
		command, want string // empty: only a shell can
	}{
		{"uvicorn main:app --port 8000", `["uvicorn", "main:app", "--port", "8000"]`},
		{`python -c 'print("a b")'`, `["python", "-c", "print(\"a b\")"]`},
		{`gunicorn "app:create()" -b :80`, `["gunicorn", "app:create()", "-b", ":80"]`},
		{`a \` + "\n  b", `["a", "b"]`},
		{`a "" b`, `["a", "", "b"]`},
		{"a $B", ""}, {"a && b", ""}, {"a > b", ""}, {"A=b c", ""}, {"a 'b", ""}, {"ls *.py", ""}, {"a `b`", ""},
		{"", ""},
	} {
		words, ok := ShellWords(c.command)
		assert.Equal(t, c.want != "", ok, c.command)
		if ok {
			assert.Equal(t, c.want, List(words))
		}
	}
}

func TestMeantAsList(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"['python', 'server.py']", `["python", "server.py"]`},
		{"[“python”, “server.py”]", `["python", "server.py"]`},
		{`["python", "server.py",]`, `["python", "server.py"]`},
		{`["python" "server.py"]`, `["python", "server.py"]`},
		{`["python", "server.py"] # starts it`, `["python", "server.py"]`},
		{"[python, server.py]", `["python", "server.py"]`},
		{`["a, "b"]`, ""}, {"python server.py", ""}, {"[]", ""}, {`["python", "x"`, ""},
	} {
		words, ok := MeantAsList(c.text)
		assert.Equal(t, c.want != "", ok, c.text)
		if ok {
			assert.Equal(t, c.want, List(words))
		}
	}
}
