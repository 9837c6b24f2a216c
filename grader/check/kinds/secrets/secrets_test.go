package secrets_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/secrets"
)

const none = "ok no literal secrets in ENV and ARG"

func from(lines string) *checktest.Target {
	return checktest.New().Without(".dockerignore").With("Dockerfile",
		"FROM python:3.12-slim\nWORKDIR /app\n"+lines+"COPY main.py /main.py\n")
}

func TestSecrets(t *testing.T) {
	const hint = "hint: Create a file " +
		".dockerignore beside the Dockerfile. Write `.env` at the top of .dockerignore."
	for _, c := range []struct {
		name   string
		target *checktest.Target
		want   string
	}{
		{"the lesson's", checktest.New(), "ok .env stays out\n" + none},
		{"no ignore file, and nothing copied but the program", from("COPY main.py .\n"), "ok .env stays out\n" + none},
		{"everything copied", from("COPY . .\n"),
			"0 .env stays out: want .env in no layer of the image; got the .env that was put there to try is in the " +
				"image as /app/.env, brought by line 3, `COPY . .`; " + hint + "; at Dockerfile:3\n" + none},
		{"deleted again", from("COPY . .\nRUN rm .env\n"),
			"0 .env stays out: want .env in no layer of the image; got the .env that was put there to try is in the " +
				"image as /app/.env, brought by line 3, `COPY . .`; " + strings.Replace(hint, "hint: ",
				"hint: Deleting it in a later line does not take it out of the layer before. ", 1) +
				"; at Dockerfile:3\n" + none},
		{"twice: the first counts", from("COPY . /b/\nCOPY . /a/\n"),
			"0 .env stays out: want .env in no layer of the image; got the .env that was put there to try is in the " +
				"image as /b/.env, brought by line 3, `COPY . /b/`; " + hint + "; at Dockerfile:3\n" + none},
		{"one that was handed in", from("COPY . .\n").With(".env", "A=b\n"),
			"0 .env stays out: want .env in no layer of the image; got .env is in the image as /app/.env, brought by " +
				"line 3, `COPY . .`; " + hint + "; at Dockerfile:3\n" + none},
		{"only in a stage that is not the last",
			from("COPY . .\nFROM python:3.12-slim\nCOPY --from=0 /app/main.py .\n"), "ok .env stays out\n" + none},
		{"a careful Dockerfile", from("COPY . .\nRUN test ! -f .env\n"),
			"- .env stays out: with such a file in the folder the build fails, though it does not without, so what " +
				"reaches the image was not seen: RUN test ! -f .env ended with exit code 1\n" + none},
		{"nothing of the folder", checktest.New().With("Dockerfile", "FROM python:3.12-slim\nRUN true\n"),
			"- .env stays out: no file of the folder is in the image, so there is nothing to judge\n" + none},
		{"written into the file", from("ENV API_KEY=abc DEBUG=1\nARG DB_PASSWORD=x\n"), "ok .env stays out\n" +
			said("API_KEY", "ENV API_KEY has a value", 3, true) +
			strings.TrimSuffix(said("DB_PASSWORD", "ARG DB_PASSWORD has a value", 4), "\n")},
		{"written into the file, and read", from("ENV API_KEY=abc\n").With("main.py", "os.getenv('API_KEY')"),
			"ok .env stays out\n0 API_KEY: want no secret written into the Dockerfile; got ENV API_KEY has a value; " +
				"hint: Pass it when the container starts, with docker run -e, and take it out of the Dockerfile.; at " +
				"Dockerfile:3"},
		{"below the top", from("COPY app/ .\n").With(".dockerignore", ".env\n").With("app/.env",
			"A=b\n").With("app/x.py", "x"),
			"0 .env stays out: want .env in no layer of the image; got app/.env is in the image as /app/.env, " +
				"brought by " +
				"line 3, `COPY app/ .`; hint: " +
				"Make line 1 of .dockerignore `**/.env`.; at Dockerfile:3\n" + none},
		{"a key by its content", from("COPY . .\n").With(".dockerignore", ".env\n").With("deploy/id",
			"-----BEGIN PRIVATE KEY-----\nx\n"),
			"ok .env stays out\n0 deploy/id stays out: want deploy/id in no layer of " +
				"the image; got deploy/id is in the image as /app/deploy/id, brought by line 3, `COPY . .`; hint: " +
				"Write `**/id` below line 1 of .dockerignore.; at Dockerfile:3\n" + none},
		{"lengths and flags",
			from(
				"ENV PASSWORD_MIN_LENGTH=8 USE_AUTH_TOKEN=false TOKEN_URL=/auth/token JWT_ALGORITHM=HS256 " +
					"API_KEY=\"\" SECRET_KEY_ROUNDS=12\nARG DB_URL=sqlite:///./t.db\n" +
					"ENV A=postgres://u:${PW}@h/d B=redis://h:6379/0\n"), "ok .env stays out\n" + none},
		{"in an address", from("ENV DATABASE_URL=postgresql://ann:hunter2@db:5432/t\n"), "ok .env stays out\n" +
			strings.TrimSuffix(said("DATABASE_URL", "ENV DATABASE_URL has a password in its address", 3), "\n")},
		{"put together", from("ARG A=hunter2\nARG B\nENV DB_PASSWORD=$A API_KEY=${B:-abc} TOKEN=$B\n"),
			"ok .env stays out\n" + said("DB_PASSWORD", "ENV DB_PASSWORD has a value", 5, true) +
				strings.TrimSuffix(said("API_KEY", "ENV API_KEY has a value", 5, true), "\n")},
		{"in a label, a file and a command", from(
			"LABEL db_password=hunter2\nRUN echo SECRET_KEY=abc > .settings\nRUN SECRET_KEY=unused true\nRUN fetch " +
				"https://ann:hunter2@example.org/x\n"), "ok .env stays out\n" +
			said("db_password", "LABEL db_password has a value", 3) +
			"0 SECRET_KEY: want no secret written into the Dockerfile; got RUN writes SECRET_KEY with its value into " +
			"a file; hint: Pass it when the container starts, with docker run -e, and take it out of the " +
			"Dockerfile.; at Dockerfile:4\n" +
			"0 RUN: want no secret written into the Dockerfile; got an address in RUN has a password in it; hint: " +
			"Pass it when the container starts, with docker run -e, and take it out of the Dockerfile.; at " +
			"Dockerfile:6"},
		{"names in other letters", from("ENV \"API_KEY\"=abc dbPassword=hunter2 PGPASSWORD=hunter2 DB_PASS=hunter2\n" +
			"ARG N=TOKEN\nENV $N=abc\nLABEL com.example.api-key=abc\nONBUILD ENV SECRET=abc\n" +
			"ENV STRIPE=sk_live_abcdefghijklmnop1234\n"), "ok .env stays out\n" +
			said("API_KEY", "ENV API_KEY has a value", 3, true) +
			said("dbPassword", "ENV dbPassword has a value", 3, true) +
			said("PGPASSWORD", "ENV PGPASSWORD has a value", 3, true) +
			said("DB_PASS", "ENV DB_PASS has a value", 3, true) +
			"0 TOKEN: want no secret written into the Dockerfile; got ENV TOKEN has a value; hint: Pass it when the " +
			"container starts, with docker run -e, and take it out of the Dockerfile.; at Dockerfile:5\n" +
			said("com.example.api-key", "LABEL com.example.api-key has a value", 6) +
			said("SECRET", "ENV SECRET has a value", 7) +
			strings.TrimSuffix(said("STRIPE", "ENV STRIPE has a value", 8), "\n")},
		{"in settings and options", from("RUN printf 'api_key: abc123secret\\n' > c.yml\n" +
			"CMD [\"python\", \"main.py\", \"--api-key=abc123\", \"--key-file=/run/x\", \"--token-ttl=30\"]\n"),
			"ok .env stays out\n" + said("api_key", "RUN writes api_key with its value into a file", 3) +
				strings.TrimSuffix(said("api-key", "CMD gives a command --api-key with its value", 4), "\n")},
		{"set for a command", from("RUN export API_KEY=q8Zk29xL && true\nRUN DB_PASSWORD=hunter2 true\n" +
			"HEALTHCHECK CMD curl -H \"Authorization: Bearer q8Zk29xL\" http://127.0.0.1/\n" +
			"ONBUILD RUN export SECRET_KEY=q8Zk29xL\n" +
			"SHELL [\"/bin/sh\", \"-c\", \"export TOKEN=q8Zk29xL; eval $0\"]\n" +
			"RUN curl -u ann:hunter2 http://127.0.0.1/\nCMD [\"env\", \"JWT_SECRET=q8Zk29xL\", \"python\"]\n"),
			"ok .env stays out\n" + said("API_KEY", "RUN has API_KEY with its value in it", 3) +
				said("DB_PASSWORD", "RUN has DB_PASSWORD with its value in it", 4) +
				said("Authorization", "HEALTHCHECK has Authorization with its value in it", 5) +
				said("SECRET_KEY", "RUN has SECRET_KEY with its value in it", 6) +
				said("TOKEN", "SHELL has TOKEN with its value in it", 7) +
				said("password", "RUN has password with its value in it", 8) +
				strings.TrimSuffix(said("JWT_SECRET", "CMD has JWT_SECRET with its value in it", 9), "\n")},
		{"set to what is no value", from("RUN SECRET_KEY=build-only python manage.py collectstatic\n" +
			"RUN TOKEN=$(cat /run/secrets/token) fetch\nRUN useradd -u 1000 app\nRUN chown -R app:staff /app\n" +
			"RUN export PATH=/opt/bin:$PATH\nRUN --mount=type=secret,id=k,env=API_KEY true\n" +
			"HEALTHCHECK CMD curl -H \"Content-Type: application/json\" http://127.0.0.1/\n"),
			"ok .env stays out\n" + none},
		{"of other names and of services", from("ENV DB_SECRETS=hunter2x MYSQL_ROOT_PW=hunter2 DB_CREDS=ann:hunter2 " +
			"LLM=sk-proj-abcdEFGH1234abcdEFGH1234abcdEFGH\nENV PW_DIR=/opt/pw SORT_KEYS=a,b\n"), "ok .env stays out\n" +
			said("DB_SECRETS", "ENV DB_SECRETS has a value", 3, true) +
			said("MYSQL_ROOT_PW", "ENV MYSQL_ROOT_PW has a value", 3, true) +
			said("DB_CREDS", "ENV DB_CREDS has a value", 3, true) +
			strings.TrimSuffix(said("LLM", "ENV LLM has a value", 3, true), "\n")},
		{"put together by the shell", from("ARG A=q8Zk29xL\nRUN echo \"API_KEY=$A\" > conf\n" +
			"RUN K=q8Zk && echo \"SECRET_KEY=${K}29xL\" > conf\nARG N=unused\nRUN TOKEN=$N true\nARG B\n" +
			"RUN echo \"TOKEN=$B\" > conf && echo 'PASSWORD=$A' >> conf\n"), "ok .env stays out\n" +
			said("API_KEY", "RUN writes API_KEY with its value into a file", 4) +
			strings.TrimSuffix(said("SECRET_KEY", "RUN writes SECRET_KEY with its value into a file", 5), "\n")},
		{"a file that becomes one of settings", from("COPY settings.txt .env\n").With("settings.txt",
			"PORT=8000\nAPI_KEY=q8Zk29xL\nSECRET_KEY=change-me\n"), "ok .env stays out\n" +
			"0 API_KEY: want no secret in a layer of the image; got API_KEY with its value is in the image as " +
			"/app/.env, brought by line 3, `COPY settings.txt .env`; hint: Pass it when the container starts, with " +
			"docker run -e, and take it out of the image.; at Dockerfile:3"},
		{"an example's", from("COPY .env.example .env\n").With(".env.example", "DB_PASSWORD=postgres\n"),
			"ok .env stays out\n" + none},
		{"one without secrets", from("COPY settings.txt .env\n").With("settings.txt", "PORT=8000\n"),
			"ok .env stays out\n" + none},
		{"names without a value, and what only sounds so",
			from(
				"ARG TOKEN\nENV API_KEY=$TOKEN PUBLIC_KEY=abc KEY_FILE=/run/x SECRET_KEY=\"\"\nENV " +
					"TOKEN_EXPIRE_MINUTES 30\n"), "ok .env stays out\n" + none},
		{"what programs write", from("RUN printf 'rows.sort(key=lambda x: x)' > x.py\n" +
			"RUN echo 'token = new_token()' > y.py\n" +
			"RUN pip install --user x > log\nENV PWD=/app\n"), "ok .env stays out\n" + none},
	} {
		assert.Equal(t, c.want, checktest.Asked(t, secrets.Kind(), "secrets: {plant: [.env]}", c.target), c.name)
	}
}

// said returns the finding of what is written into the Dockerfile, on a line of its own or, with many,
// beside others.
func said(name, got string, line int, many ...bool) string {
	hint := "Pass it when the container starts, with docker run -e, and take it out of the Dockerfile."
	take := fmt.Sprintf("Take line %d out.", line)
	if len(many) > 0 {
		take = fmt.Sprintf("Take %s out of line %d.", name, line)
	}
	switch kind, _, _ := strings.Cut(got, " "); kind {
	case "LABEL":
		hint = "Whoever has the image can read its labels. " + take
	case "ENV", "ARG":
		hint = "No other line and no file of the folder reads " + name + ". " + take
	}
	return fmt.Sprintf("0 %s: want no secret written into the Dockerfile; got %s; hint: %s; at Dockerfile:%d\n",
		name, got, hint, line)
}

// TestLongFiles: a planted text is found wherever it is in a file, also across two reads.
func TestLongFiles(t *testing.T) {
	for _, n := range []int{64<<10 - 50, 64<<10 - 20, 64 << 10, 200_000} {
		target := from("COPY . .\n")
		target.With(".env", string(make([]byte, n)))
		assert.Contains(t, checktest.Asked(t, secrets.Kind(), "secrets: {plant: [.env]}", target), "0 .env stays out",
			n)
	}
}

// TestForesee: what is written into the Dockerfile is told while nothing is built.
func TestForesee(t *testing.T) {
	items := new(secrets.Secrets).Foresee(from("ENV API_KEY=abc\n"), 0)
	require.Len(t, items, 1)
	assert.Equal(t, "ENV API_KEY has a value", items[0].Got)
	assert.Empty(t, new(secrets.Secrets).Foresee(from("ENV DEBUG=1\n"), 0))
}
