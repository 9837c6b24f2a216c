package engine

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/engine/buildcontext"
	"github.com/taskgrader/taskgrader/grader/engine/buildtrace"
)

// TestWhatIsRefusedDockerRefuses: a Dockerfile that is refused before any build is one that this
// engine refuses, too.
func TestWhatIsRefusedDockerRefuses(t *testing.T) {
	t.Parallel()
	const base = "FROM scratch\n"
	for _, text := range []string{
		"", "# nothing\n", "WORKDIR /a\n", "services:\n", "We use python here\n", "\xff\xfeF\x00R\x00O\x00M\x00",
		"FROM scratch x\n", "FROM scratch AS\n", "FROM scratch # the base\n", "FROM\n",
		"```dockerfile\nFROM scratch\n```\n", base + "USER a\n```\n", "COPY a b\n" + base,
		base + "COPY ..\n", base + "COPY ..3\n", base + "COPY a\n", base + "COPY a.\n", base + "COPY [\"a\"]\n",
		base + "COPY. .\n", base + "COPY..\n", base + "ADD\n",
		base + "WORKDIR/app\n", base + "WORKDIR: /app\n", base + "WORKDIR\n", base + "EXPOSE8000\n", base + "EXPOSE\n",
		base + "CMD[\"a\"]\n", base + "RUNa b c\n", base + "USER\n",
		base + "ENV A=“b c”\n", base + "ENV A=b c\n", base + "ENV A=b # c\n", base + "ENV A\n", base + "LABEL a\n",
		base + "HEALTHCHECK curl x\n", base + "HEALTHCHECK\n",
		base + "pip install x\n", base + "python main.py\n", base + "This file builds it\n", base + "WROKDIR /app\n",
		base + "RUN a \\\n && b\n && c\n", base + "SHELL bash\n",
		base + "COPY --form=a b c\n", base + "STOPSIGNAL\n", base + "VOLUME\n", base + "ARG\n", base + "ONBUILD\n",
	} {
		_, err := dockerfile.Parse(dockerfile.Name, []byte(text))
		var bad *dockerfile.Error
		require.ErrorAs(t, err, &bad, "%q is not refused", text)
		folder, err := buildcontext.New("")
		require.NoError(t, err)
		_, err = tested.build(t.Context(), buildOptions{context: folder, dockerfile: text, network: "none",
			tag:       tested.owner.Tag("refused"),
			traceOnly: true, sharedKey: unique()})
		require.Error(t, err, "Docker builds %q", text)
		require.False(t, errors.Is(err, buildtrace.ErrLost), "%q: %v", text, err)
	}
}
