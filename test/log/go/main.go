// Go's transparency log and signed notes, as the other side of test/log/go.test.ts.
//
//	verify DIRECTORY LOG-KEY WITNESS-KEY INDEX ENTRY-FILE BEFORE   reads the files of a log through its tiles
//	make SEED WITNESS-SEED ENTRIES INDEX BEFORE                    makes a log, and writes it as JSON
package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	f_note "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	switch os.Args[1] {
	case "verify":
		verify(os.Args[2], os.Args[3], os.Args[4], number(os.Args[5]), os.Args[6], number(os.Args[7]))
	case "make":
		write(os.Args[2], os.Args[3], number(os.Args[4]), number(os.Args[5]), number(os.Args[6]))
	}
}

func verify(directory, logKey, witnessKey string, index int64, entryFile string, before int64) {
	shown, err := os.ReadFile(filepath.Join(directory, "checkpoint"))
	check(err)
	log, err := note.NewVerifier(logKey)
	check(err)
	witness, err := f_note.NewVerifierForCosignatureV1(witnessKey)
	check(err)
	opened, err := note.Open(shown, note.VerifierList(log, witness))
	check(err)
	if len(opened.Sigs) != 2 || len(opened.UnverifiedSigs) != 0 {
		fail("expected the signatures of log and witness")
	}
	lines := strings.Split(opened.Text, "\n")
	root, err := tlog.ParseHash(lines[2])
	check(err)
	tree := tlog.Tree{N: number(lines[1]), Hash: root}
	// Refuses a tile that does not lead to the root.
	reader := tlog.TileHashReader(tree, &tiles{directory})
	proof, err := tlog.ProveRecord(tree.N, index, reader)
	check(err)
	entry, err := os.ReadFile(entryFile)
	check(err)
	check(tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)))
	old, err := tlog.TreeHash(before, reader)
	check(err)
	growth, err := tlog.ProveTree(tree.N, before, reader)
	check(err)
	check(tlog.CheckTree(growth, tree.N, tree.Hash, before, old))
	emit(map[string]any{"size": tree.N, "inclusion": proof, "before": old, "consistency": growth})
}

func write(seed, witnessSeed string, entries, index, before int64) {
	stored := []tlog.Hash{}
	reader := tlog.HashReaderFunc(func(places []int64) ([]tlog.Hash, error) {
		found := []tlog.Hash{}
		for _, place := range places {
			found = append(found, stored[place])
		}
		return found, nil
	})
	for n := int64(0); n < entries; n++ {
		hashes, err := tlog.StoredHashes(n, fmt.Appendf(nil, "entry %d of Go", n), reader)
		check(err)
		stored = append(stored, hashes...)
	}
	root, err := tlog.TreeHash(entries, reader)
	check(err)
	old, err := tlog.TreeHash(before, reader)
	check(err)
	inclusion, err := tlog.ProveRecord(entries, index, reader)
	check(err)
	consistency, err := tlog.ProveTree(entries, before, reader)
	check(err)
	const name = "example.com/go"
	log, err := note.NewSigner(private(name, seed))
	check(err)
	witness, err := f_note.NewSignerForCosignatureV1(private("witness.example/go", witnessSeed))
	check(err)
	text := fmt.Sprintf("%s\n%d\n%s\n", name, entries, root)
	signed, err := note.Sign(&note.Note{Text: text}, log, witness)
	check(err)
	emit(map[string]any{"checkpoint": string(signed), "inclusion": inclusion, "before": old, "consistency": consistency})
}

// private is the text of a private key as note.GenerateKey writes it.
func private(name, seed string) string {
	secret, err := hex.DecodeString(seed)
	check(err)
	public := ed25519.NewKeyFromSeed(secret).Public().(ed25519.PublicKey)
	verifier, err := note.NewEd25519VerifierKey(name, public)
	check(err)
	id := strings.Split(verifier, "+")[1]
	key := append([]byte{1}, secret...)
	return fmt.Sprintf("PRIVATE+KEY+%s+%s+%s", name, id, encode(key))
}

// tiles reads the paths of c2sp.org/tlog-tiles, which leave out the height.
type tiles struct{ directory string }

func (t *tiles) Height() int { return 8 }

func (t *tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	found := [][]byte{}
	for _, tile := range wanted {
		path := "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
		data, err := os.ReadFile(filepath.Join(t.directory, path))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

func (t *tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func encode(data []byte) string {
	var buffer bytes.Buffer
	check(json.NewEncoder(&buffer).Encode(data))
	return strings.Trim(strings.TrimSpace(buffer.String()), `"`)
}

func emit(value any) { check(json.NewEncoder(os.Stdout).Encode(value)) }

func number(text string) int64 {
	value, err := strconv.ParseInt(text, 10, 64)
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(1)
}
