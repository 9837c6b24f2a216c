package submission

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// written are words as they stand in the names of folders and files, by the code page of the
// systems that write them.
var written = []struct {
	page  encoding.Encoding
	words []string
}{
	{charmap.CodePage437, []string{"Lösung", "Übung", "Größe", "résumé", "tâche", "señal", "español", "Årsopgave",
		"naïve"}},
	{charmap.CodePage850, []string{"Soluções", "Lösung", "avaliação", "Øvelse", "À rendre"}},
	{japanese.ShiftJIS, []string{"ソース", "課題", "表示", "能力テスト", "予定表", "提出用", "レポート", "プログラム", "構成", "十分"}},
	{simplifiedchinese.GBK, []string{"作业", "课程设计", "实验报告", "第一次", "项目", "新建文件夹", "学生"}},
	{traditionalchinese.Big5, []string{"功課", "作業", "報告", "許願", "程式設計", "成功", "專題", "蓋章"}},
	{charmap.CodePage866, []string{"Задание", "проект", "Новая папка", "отчёт"}},
}

// scripts are words that are in UTF-8.
var scripts = []string{"Lösung", "Задание", "εργασία", "課題ソース", "作业", "과제", "مشروع", "तख्ती", "שיעור"}

// packedAs returns a zip whose names are these bytes, without a word of their code page.
func packedAs(t *testing.T, names []string, text func(string) string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, NonUTF8: true})
		require.NoError(t, err)
		if text != nil {
			_, err = io.WriteString(f, text(name))
			require.NoError(t, err)
		}
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// TestNamesOfAnyCodePage: whatever the code page and the separator, the files come out where they
// were, by their names.
func TestNamesOfAnyCodePage(t *testing.T) {
	for _, page := range append(written, struct {
		page  encoding.Encoding
		words []string
	}{encoding.Nop, scripts}) {
		for seed := range uint64(25) {
			r := rand.New(rand.NewPCG(seed, 1))
			word := func() string { return page.words[r.IntN(len(page.words))] }
			top := word()
			names := []string{top + "/Dockerfile", top + "/main.py", fmt.Sprintf("%s/%s%d/%s.txt", top, word(),
				r.IntN(9), word()), top + "/app/" + word() + ".py"}
			if r.IntN(3) == 0 {
				top = "work/" + top
				for i := range names {
					names[i] = "work/" + names[i]
				}
			}
			var raw, want []string
			windows := r.IntN(2) == 0
			for _, name := range names {
				want = append(want, strings.TrimPrefix(name, top+"/"))
				coded, err := page.page.NewEncoder().String(name)
				require.NoError(t, err, name)
				if windows {
					coded = strings.ReplaceAll(coded, "/", `\`)
				}
				raw = append(raw, coded)
			}
			s, _ := openPacked(t, "a.zip", packedAs(t, raw, nil))
			require.Nil(t, s.Refused)
			require.ElementsMatch(t, want, list(t, s.Dir), "%v, backslashes: %t", page.page, windows)
		}
	}
}

// TestNamesThatNoCodePageHolds are laid out all the same, and no byte of theirs is taken for a
// separator.
func TestNamesThatNoCodePageHolds(t *testing.T) {
	s, _ := openPacked(t, "a.zip", packedAs(t, []string{"w\x81\xff/Dockerfile", "w\x81\xff/\x80\x5c"}, nil))
	require.Nil(t, s.Refused)
	require.Len(t, list(t, s.Dir), 2)
	assert.Regexp(t, `^.\\$`, list(t, s.Dir)[1])
}

func TestUnicodeNameBesideTheOther(t *testing.T) {
	name, page := "ソース/Dockerfile", japanese.ShiftJIS
	raw, err := page.NewEncoder().String(name)
	require.NoError(t, err)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, sum := range []string{raw, "of another name"} {
		_, err = w.CreateHeader(&zip.FileHeader{Name: raw, NonUTF8: true, Extra: unicodePath(sum, "Ω/Dockerfile")})
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	assert.Equal(t, []string{"Ω/Dockerfile", name}, zipNames(z.File))
}

// TestThreeWrappings: what lies in up to three folders, each the only one of its own, is what was
// handed in.
func TestThreeWrappings(t *testing.T) {
	for deep := range 5 {
		s, _ := openPacked(t, "a.zip", zipped(t,
			members(map[string]string{strings.Repeat("w/", deep) + "Dockerfile": "FROM x"})))
		want := []string{"Dockerfile"}
		if deep > wrappings {
			want = []string{"w/Dockerfile"}
		}
		assert.Equal(t, want, list(t, s.Dir), deep)
	}
}

// TestWhatToolsPack: what a real tool packed comes out as it went in. Names in other scripts, empty
// folders, programs.
func TestWhatToolsPack(t *testing.T) {
	python := `
import os, sys, zipfile
kind, out, top = sys.argv[1:]
class Explorer(zipfile.ZipInfo):  # as .NET and Windows wrote them: backslashes, no flag, the code page
    def _encodeFilenameFlags(self): return self.filename.replace("/", "\\").encode("cp932"), 0
with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
    for folder, folders, files in os.walk(top):
        for name in [n + "/" for n in folders] + files:
            full = os.path.join(folder, name)
            if kind == "python":
                z.write(full)
            else:
                text = b"" if name.endswith("/") else open(full, "rb").read()
                z.writestr(Explorer(full), text)
`
	names := map[string]string{"Dockerfile": "FROM x\n", "ソース/main.py": "x = 1\n", "app/表示.txt": "t",
		"a b/c;d.txt": "t"}
	plain := map[string]string{"Dockerfile": "FROM x\n", "src/main.py": "x = 1\n", "été/Lösung.txt": "t"}
	for tool, c := range map[string]struct {
		files   map[string]string
		command []string
	}{
		"zip":                        {names, []string{"zip", "-qr", "out.zip", "work"}},
		"zip in another locale":      {names, []string{"env", "LC_ALL=C", "zip", "-qr", "out.zip", "work"}},
		"zip without UTF-8":          {plain, []string{"zip", "-qr", "-UN=n", "out.zip", "work"}},
		"7z":                         {names, []string{"7z", "a", "-bd", "out.zip", "work"}},
		"7z, the local code page":    {names, []string{"7z", "a", "-bd", "-mcl=on", "out.zip", "work"}},
		"7z, UTF-8":                  {names, []string{"7z", "a", "-bd", "-mcu=on", "out.zip", "work"}},
		"Python":                     {names, []string{"python3", "-c", python, "python", "out.zip", "work"}},
		"Explorer's form":            {names, []string{"python3", "-c", python, "explorer", "out.zip", "work"}},
		"tar":                        {names, []string{"tar", "-czf", "out.tar.gz", "work"}},
		"tar with the folder itself": {names, []string{"tar", "-czf", "out.tgz", "./work"}},
	} {
		t.Run(tool, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range c.files {
				put(t, dir, "work", name)
				require.NoError(t, os.WriteFile(filepath.Join(dir, "work", name), []byte(text), 0o644))
			}
			require.NoError(t, os.Mkdir(filepath.Join(dir, "work", "empty"), 0o755))
			cmd := exec.Command(c.command[0], c.command[1:]...)
			cmd.Dir = dir
			said, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s\nthis test packs with zip, 7z (p7zip-full), python3 and tar", said)
			found, err := filepath.Glob(filepath.Join(dir, "out.*"))
			require.NoError(t, err)
			s := open(t, found[0])
			require.Nil(t, s.Refused)
			assert.Equal(t, open(t, filepath.Join(dir, "work")).Digest, s.Digest, list(t, s.Dir))
			assert.DirExists(t, filepath.Join(s.Dir, "empty"))
		})
	}
}

func unicodePath(of, name string) []byte {
	field := append([]byte{1}, binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(of)))...)
	field = append(field, name...)
	return append(binary.LittleEndian.AppendUint16([]byte{0x75, 0x70}, uint16(len(field))), field...)
}
