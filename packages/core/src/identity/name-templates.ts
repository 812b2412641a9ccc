/**
 * Templates from which programs draw temporary names outside the directories for temporaries, from their sources.
 *
 * Six drawn letters may happen to be a plain word, so the template decides, together with how certain it is that the name was
 * drawn: `private` and new (mkstemp), merely `new`, or neither if the template itself is distinctive.
 */
type Needs = "private" | "new" | "nothing";

interface Template {
  readonly programs?: RegExp;
  readonly name: RegExp;
  readonly needs: Needs;
}

const TEMPLATES: readonly Template[] = [
  // git: object-file.c, pack-write.c, tmp-objdir.c, server-info.c, setup.c (the test for symbolic links)
  { name: /(?:^|[-._])tmp_(?:obj|pack|idx|rev|mtimes|bitmap|midx|ewah)_[A-Za-z0-9]{6}$/, needs: "private" },
  { name: /^tmp_objdir-[a-z-]+-[A-Za-z0-9]{6}$/, needs: "private" },
  { name: /^(?:refs|packs)_[A-Za-z0-9]{6}$/, needs: "new" },
  { programs: /^git/, name: /^t[A-Za-z0-9]{6}$/, needs: "private" },
  // mktemp(1): every name that it creates is drawn, at least three letters of it
  { programs: /^mktemp$/, name: /[A-Za-z0-9]{3}/, needs: "private" },
  // GNU coreutils: force-link.c (ln -f, install)
  { name: /^Cu[A-Za-z0-9]{6}$/, needs: "new" },
  // GNU sed: execute.c; GNU patch: util.c; rsync: receiver.c
  { programs: /^g?sed$/, name: /^sed[A-Za-z0-9]{6}$/, needs: "private" },
  { programs: /^g?patch$/, name: /(?:^|\.)[a-z][A-Za-z0-9]{6}$/, needs: "new" },
  { programs: /^rsync$/, name: /^\..+\.[A-Za-z0-9]{6}$/, needs: "private" },
  // binutils: bucomm.c; Info-ZIP: fileio.c
  { programs: /(?:strip|objcopy|ar|ranlib)$/, name: /^st[A-Za-z0-9]{6}$/, needs: "private" },
  { programs: /^zip/, name: /^zi[A-Za-z0-9]{6}$/, needs: "private" },
  // CMake: cmSystemTools.cxx, cmCoreTryCompile.cxx; temporary output: cmGeneratedFileStream.cxx
  { name: /^TryCompile-[A-Za-z0-9]{6}$/, needs: "new" },
  { name: /^(?:lib)?cmTC_[0-9a-f]{5}(?:[._][A-Za-z._]+)?$/, needs: "nothing" },
  // Rust's tempfile crate, as cargo and rustc use it; rustc_incremental/persist/fs.rs
  {
    name: /^(?:rustc|rmeta|rlib|rustdoctest|target|cargo-install)[A-Za-z0-9]{6}$/,
    programs: /^(?:rustc|cargo|rustdoc)/,
    needs: "new",
  },
  {
    programs: /^rustc/,
    name: /^s-[0-9a-z]{8,13}-[0-9a-z]{4,8}(?:-working|-[0-9a-z]{20,26}|\.lock)?$/,
    needs: "nothing",
  },
  // Python: tempfile.py; multiprocessing/synchronize.py through glibc's sem_open
  { name: /^tmp[a-z0-9_]{8}(?:\.[a-z]+)?$/, needs: "private" },
  { name: /[a-z0-9_]{8}\.tmp$/, needs: "private" },
  { name: /^sem\.mp-[a-z0-9_]{8}$/, needs: "new" },
  // GLib: glocalfileoutputstream.c
  { name: /^\.goutputstream-[A-Z0-9]{6}$/, needs: "new" },
  // A common convention for a temporary copy: an extension that begins with tmp
  { name: /\.tmp[0-9A-Za-z]{4,12}$/, needs: "nothing" },
];

/** Whether a name is drawn from a template that the program may have used for a name created this way. */
export function isFromTemplate(name: string, program: string, made: Needs): boolean {
  return TEMPLATES.some(
    (template) =>
      (template.needs === "nothing" || template.needs === made || made === "private") &&
      (!template.programs || template.programs.test(program)) &&
      template.name.test(name),
  );
}
