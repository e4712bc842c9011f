import Foundation
import Testing

extension EndToEndTests {
  /// What `make install` puts where, and takes away again.
  struct InstallTests {
    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Scripts/install").path

    private func run(_ shell: String) throws -> Tool.Ended {
      try Tool(shell: shell, environment: ["INSTALL": Self.script]).end()
    }

    @Test func theFilesOfTheToolAreInstalledAndNoOthers() throws {
      let run = try run(
        """
        mkdir -p root/usr/share/man/man1; touch root/usr/share/man/man1/ptree-gone.1 root/other
        "$INSTALL" install "$PTREE" /usr "$PWD/root" > /dev/null
        (cd root; find . -type f | sort); root/usr/bin/ptree --version
        find root/usr -type f ! -perm 644 -printf '%f %m\\n'
        "$INSTALL" uninstall "$PTREE" /usr "$PWD/root"; (cd root; find . -type f)
        """)
      let commands = try Tool.run("--help").lines.drop { $0 != "SUBCOMMANDS:" }
        .filter { $0.hasPrefix("  ") && $0.dropFirst(2).first?.isLetter == true }
        .compactMap { $0.split(separator: " ").first }.filter { $0.first?.isLowercase == true }
      #expect(commands.count > 8)
      let pages = commands.map { "./usr/share/man/man1/ptree-\($0).1" }
      let files =
        [
          "./other", "./usr/bin/ptree", "./usr/share/bash-completion/completions/ptree",
          "./usr/share/fish/vendor_completions.d/ptree.fish", "./usr/share/man/man1/ptree.1",
          "./usr/share/man/man5/ptree-topology.5", "./usr/share/zsh/site-functions/_ptree",
        ] + pages
      let lines = run.lines.map(String.init)
      #expect(run.code == 0, "\(run.errors)")
      #expect(Set(lines.prefix(files.count)) == Set(files), "\(run.output)")
      let version = try Tool.run("--version").lines.map(String.init)
      #expect(Array(lines.dropFirst(files.count)) == version + ["ptree 755", "./other"])
    }

    /// The other shells, where they are installed.
    @Test func completionsOfZshAndFishAreLoaded() throws {
      let run = try run(
        """
        "$INSTALL" install "$PTREE" /usr "$PWD/root" > /dev/null
        share=$PWD/root/usr/share
        if command -v zsh > /dev/null; then
          zsh -fc 'fpath=('$share'/zsh/site-functions $fpath); autoload -Uz compinit; compinit -u -D
            [[ ${_comps[ptree]} == _ptree ]] || exit 3; autoload +X -U _ptree && whence -w _ptree' || exit
        else echo '_ptree: function'; fi
        if command -v fish > /dev/null; then
          fish --no-config -c "source $share/fish/vendor_completions.d/ptree.fish
            complete -C 'ptree resta'; complete -C 'ptree check --stri'
            complete -C 'ptree run t.yaml --det'" | cut -f 1 || exit
        else printf 'restart\\n--strict\\n--detach\\n'; fi
        """)
      #expect(run.code == 0, "\(run.errors)")
      #expect(run.lines == ["_ptree: function", "restart", "--strict", "--detach"], "\(run)")
    }

    @Test func completionsAndManualPagesCanBeRead() throws {
      let run = try run(
        """
        "$INSTALL" install "$PTREE" /usr "$PWD/root" > /dev/null
        bash -euc '
          source root/usr/share/bash-completion/completions/ptree
          complete -p ptree
          words() { COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
            COMPREPLY=(); _ptree ptree "${@: -1}" "${@: -2:1}" || true; echo "${COMPREPLY[@]}"; }
          words ptree che; words ptree check --str; words ptree graph t.yaml --format me
          touch t.yaml; words ptree run t.yaml --det; words ptree run t; words ptree run tree --it'
        for page in root/usr/share/man/man*/*; do
          head -n 1 $page | grep -q '^.TH PTREE' || echo "no page: $page"
          if command -v man > /dev/null; then man --warnings -l $page 2>&1 > /dev/null; fi
          grep -q '^.SH NAME' $page && tail -n 1 $page | grep -q '(1)\\|(5)' || echo "half a page: $page"
        done
        """)
      #expect(run.code == 0, "\(run.errors)")
      #expect(run.lines.first?.hasSuffix("-F _ptree ptree") == true, "\(run.output)")
      #expect(run.lines.first?.contains("-o default ") == true, "\(run.output)")
      #expect(
        run.lines.dropFirst() == [
          "check", "--strict", "mermaid", "--detach", "t.yaml tally tree", "--items",
        ], "\(run.output)")
    }
  }
}
