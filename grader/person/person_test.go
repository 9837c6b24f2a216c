package person

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want Likeness
	}{
		{"Jane Roe", "Roe, Jane", Same},
		{"Jane Roe", "JANE  ROE", Same},
		{"Jörg Straße", "Joerg Strasse", Same},
		{"Jörg Straße", "Jorg Strasse", Same},
		{"Lucie Kérouac", "Lucie Ke\u0301rouac", Same},
		{"Lucie Kérouac", "Kerouac, Lucie", Same},
		{"roejane", "Jane Roe", Same},
		{"Jane Roe", "Jane Roe-Smith", Same},
		{"Jane Roe", "Jane M. Roe", Same},
		{"Łukasz Nowak", "Lukasz Nowak", Same},
		{"山田 太郎", "太郎 山田", Same},
		{"Jane Roe", "Jane Poe", Akin},
		{"Anna Meyer", "Lena Meyer", Akin},
		{"Jane Roe", "Karl Poe", Other},
		{"Team Blue", "Rita Red", Other},
		{"山田 太郎", "Taro Yamada", Unknown},
		{"", "Jane", Unknown},
		{"Jane", "", Unknown},
	} {
		assert.Equal(t, c.want, Compare(c.a, c.b), "%s and %s", c.a, c.b)
		assert.Equal(t, c.want, Compare(c.b, c.a), "%s and %s", c.b, c.a)
	}
}

func TestIDCountsInItsScope(t *testing.T) {
	id := ID{Participant, "77"}
	assert.Equal(t, "77", id.In(Participant))
	assert.Empty(t, id.In(CanvasUser))
	assert.Empty(t, id.In(Anywhere))
}
