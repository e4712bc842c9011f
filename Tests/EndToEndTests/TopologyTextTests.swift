import Foundation
import ProcessTreeTestSettings
import Testing

extension EndToEndTests {
  /// What of a file is text, whose text it is, and who sees it.
  struct TopologyTextTests {
    /// Runs a shell with the text as `t.yaml`.
    private func run(_ text: String, _ shell: String, _ environment: [String: String] = [:]) throws
      -> Tool.Ended
    {
      try Tool(
        shell: "printf '%s' \"$TEXT\" > t.yaml\n\(shell)",
        environment: ["TEXT": "ptree: 1\n" + text].merging(environment) { $1 }
      ).end()
    }

    @Test func whatIsTheShellsStaysTheShells() throws {
      let words = "echo $HOME ${HOME} $(id -u) {} {{x}} %d `id -u` $$ | sed \"s/[0-9]*$//\""
      let run = try run(
        "nodes: {a: {shell: '\(words)'}}\n",
        "\"$PTREE\" run t.yaml --quiet; sh -c '\(words)' | sed 's/^/a | /'", ["HOME": "/ho me"])
      #expect(run.lines.count == 2 && run.lines.first == run.lines.last, "\(run.output)")
    }

    @Test func commentsHaveNoExpressionsAndTwoDollarsAreOne() throws {
      let run = try run(
        "# ${{ nothing }}\nnodes: {a: {command: [echo, '$${{ x }}', 'a$${{b']}} # ${{ no }}\n",
        "exec \"$PTREE\" run t.yaml --quiet")
      #expect(run.code == 0 && run.lines == ["a | ${{ x }} a${{b"], "\(run.errors)")
    }

    /// A value cannot add a key, close a quote, start a command or be evaluated again.
    @Test(arguments: [
      "x\"\nnodes: {evil: {shell: touch y}}", "$(touch y) `touch y`", "${{ env.HOME }} $${{",
      "'; touch y; '", "# no comment", "*alias &anchor !tag", "\\n\\\"",
    ])
    func theTextOfAVariableIsText(value: String) throws {
      let run = try run(
        "variables: {v: {required: true}}\nnodes: {a: {command: [printf, '%s.', \"${{ v }}\"]}}\n",
        """
        "$PTREE" run t.yaml --quiet --set "v=$VALUE"; ls
        "$PTREE" check --print t.yaml --set "v=$VALUE" > p.yaml; "$PTREE" run p.yaml --quiet
        """, ["VALUE": value])
      let wanted = (value + ".").split(separator: "\n").map { "a | \($0)" }
      #expect(run.lines.map(String.init).starts(with: wanted), "\(run.output)\(run.errors)")
      #expect(run.lines.map(String.init).suffix(wanted.count) == wanted[...], "\(run.output)")
      #expect(!run.lines.contains("y"))
    }

    /// The secret is in the environment of the nodes that have it, and nowhere else.
    @Test func aSecretIsSeenByItsNodeAlone() throws {
      let file = """
        variables: {s: {default: '${{ env.FROM }}', secret: true}, t: "${{ s }}!"}
        nodes:
          a:
            shell: 'echo ${#S} ${#T} ${#U} ${#F}; touch up; until test -e go; do sleep 0.02; done; exit 1'
            environment:
              S: "a${{ s }}b"
              T: {secret: "${{ s }}"}
              U: "${{ t }}"
              F: {secretFile: f}
          b:
            shell: 'until test -e go; do sleep 0.02; done'

        """
      let run = try run(
        file,
        """
        printf hunter3 > f; chmod 600 f
        mkdir pm
        { "$PTREE" check --print t.yaml --set s=hunter2; "$PTREE" check --json --plan t.yaml --set s=hunter2
          "$PTREE" graph t.yaml --set s=hunter2; } > seen
        printf 's: hunter2\\n' > v
        "$PTREE" run t.yaml --variables v --events events --post-mortem pm > output 2>> seen &
        until test -e up; do sleep 0.02; done
        for process in /proc/[0-9]*; do
          test "$(readlink $process/cwd)" = "$PWD" && test $process != /proc/$$ || continue
          tr '\\0' ' ' < $process/cmdline >> seen
          tr '\\0' '\\n' < $process/environ | grep -q hunter2 && tr '\\0' ' ' < $process/cmdline
        done
        TMPDIR=$PWD "$PTREE" ps --json >> seen; TMPDIR=$PWD "$PTREE" why $! a >> seen
        touch go; wait $!
        cat events pm/* >> seen
        echo; cat output; grep -c hunter seen; wc -c < seen
        """, ["FROM": "unused"])
      #expect(run.lines.contains("a | 9 7 8 7"), "\(run.output)\(run.errors)")
      #expect(run.lines.contains("0"), "the secret was seen: \(run.output)")
      // Only the shell of `a`, and what it has started, has it.
      let holders = run.lines.first.map(String.init) ?? ""
      #expect(holders.contains("/bin/sh -c echo ${#S}"), "\(run.output)")
      #expect(holders.components(separatedBy: "/bin/sh").count == 2 && !holders.contains("ptree"))
    }

    @Test func aLineWithASecretIsShownWithoutIt() throws {
      let run = try run(
        """
        variables: {s: {default: hunter2, secret: true}, lost: 1}
        nodes:
          a: {shell: x, environment: {S: {secret: hunter3}, 1T: x}}
          b: {command: [echo, "${{ s }}"], environment: {A: {secret: hunter4}, B: "${{ s }}"}}

        """, "\"$PTREE\" check t.yaml; \"$PTREE\" check --json t.yaml")
      let all = run.output + run.errors
      #expect(!all.contains("hunter") && all.contains("•••"))
      #expect(run.errors.contains("a secret stands in 'environment' only"), "\(run.errors)")
    }

    @Test func valuesOfTheEnvironmentAreText() throws {
      let values = [
        "COUNTRY": "NO", "T": "22:22", "V": "1.10", "M": "0777", "N": "1e3", "Y": "yes",
        "D": "2026-01-01",
      ]
      let map = values.map { "\($0): \($1)" }.sorted().joined(separator: ", ")
      let run = try run(
        "nodes: {a: {shell: env, environment: {\(map)}, inheritEnvironment: [PATH]}}\n",
        "exec \"$PTREE\" run t.yaml --quiet")
      let lines = Set(run.lines.map { String($0.dropFirst("a | ".count)) })
      for (name, value) in values { #expect(lines.contains("\(name)=\(value)")) }
      // What the shell adds by itself may be there too.
      let names = Set(lines.map { String($0.prefix { $0 != "=" }) }).subtracting(values.keys)
        .subtracting(["PATH", "PWD", "SHLVL", "_", "OLDPWD"])
      #expect(names.allSatisfy { $0.hasPrefix("PTREE_") }, "\(names)")
    }
  }
}
