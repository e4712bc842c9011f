import Testing

@testable import ProcessTreeTopologyFormat

struct ReadingTests {
  /// The command of the node `a`.
  private func command(_ checked: CheckedFile) throws -> CommandPlan {
    #expect(checked.diagnostics.errorCount == 0, "\(checked.diagnostics.all.map(\.message))")
    let node = try #require(checked.topology?.group.nodes.first { $0.name == "a" })
    guard case .command(let plan) = node.kind else { throw Missing() }
    return plan
  }

  private struct Missing: Error {}

  @Test func textStaysText() throws {
    let plan = try command(
      check(
        topology(
          "  a: {shell: env, environment: {COUNTRY: NO, T: 22:22, V: 1.10, M: 0777, N: 1e3, Y: yes, D: 2026-01-01}}\n"
        )))
    let texts = plan.environment.map { change in
      guard case .set(let name, let scalar) = change else { return "" }
      return "\(name)=\(scalar.constant ?? "")"
    }
    #expect(
      texts == ["COUNTRY=NO", "T=22:22", "V=1.10", "M=0777", "N=1e3", "Y=yes", "D=2026-01-01"])
  }

  @Test func othersSyntaxIsLeftAlone() throws {
    let words = "echo $HOME ${HOME} $(id -u) {} {{x}} %d `id -u` # ${{ 'x' }} $${{ y }}"
    let plan = try command(check(topology("  a: {shell: '\(words.replacing("'", with: "''"))'}\n")))
    #expect(
      plan.words.last?.constant
        == "echo $HOME ${HOME} $(id -u) {} {{x}} %d `id -u` # x ${{ y }}")
  }

  @Test func aFileThatMayNameAnAppIsReadOnce() throws {
    var asked: [String] = []
    let files = FileSet { path in
      asked.append(path)
      return path == "/t/t.yaml" ? topology("  a: {shell: x}\n") : nil
    }
    #expect(NamedApp(of: "/t/t.yaml", in: files) == nil)
    _ = try command(TopologyReader.check("/t/t.yaml", CheckOptions(), in: files))
    #expect(asked == ["/t/t.yaml"])
    // Another file that has been read ahead is not taken for the one that is checked.
    #expect(NamedApp(of: "/t/u.yaml", in: files) == nil)
    _ = TopologyReader.check("/t/t.yaml", CheckOptions(), in: files)
    #expect(asked == ["/t/t.yaml", "/t/u.yaml", "/t/t.yaml"])
  }

  @Test func aMarkOfTheEncodingIsNoText() throws {
    _ = try command(check("\u{FEFF}" + topology("  a: {shell: x}\n")))
    #expect(diagnose("\u{FEFF}" + topology("  a: {sehll: x}\n")).contains("3:7:unknownKey"))
  }

  @Test func aCommentHoldsNoExpression() throws {
    _ = try command(check(topology("  # ${{ nothing }}\n  a: {shell: x}\n")))
  }

  @Test func aValueAddsNoKeys() throws {
    let text = topology("  a: {shell: \"${{ x }}\"}\n", top: "variables: {x: y}\n")
    let evil = "x\"\nnodes: {evil: {shell: touch /tmp/y}}"
    let checked = check(text) { $0.variables = [("x", evil)] }
    #expect(try command(checked).words.last?.constant == evil)
    #expect(checked.topology?.group.nodes.count == 1)
  }

  @Test(arguments: [
    ("${{ 1 + 2 }}", "3"), ("${{ port + 1 }}", "8081"), ("p${{ port }}q", "p8080q"),
    ("${{ env.HOME or 'x' }}", "/h"), ("${{ env.EMPTY or 'x' }}", "x"),
    ("${{ env.NONE or env.EMPTY or 7 }}", "7"), ("${{ node }}", "a"), ("${{ address }}", "a"),
    ("${{ instance }}", "1"), ("${{ run.name }}", "t"), ("${{ file.directory }}", "/t"),
    ("${{'a}}'}}", ""), ("${{ 1.5 + 1 }}", "2.5"), ("${{ other }}!", "8080!"),
    ("${{ \"q\" }}", "q"),
  ])
  func expressionsHaveValues(expression: String, value: String) throws {
    let quoted = "'" + expression.replacing("'", with: "''") + "'"
    let text = topology(
      "  a:\n    command: [x, \(quoted)]\n",
      top: "variables: {port: 8080, other: '${{ port }}'}\n")
    let checked = check(text) { $0.environment = ["HOME": "/h", "EMPTY": ""] }
    if value.isEmpty {
      #expect(checked.diagnostics.errorCount == 1)
    } else {
      #expect(try command(checked).words.last?.constant == value)
    }
  }

  @Test func anInstanceIsKnownLate() throws {
    let plan = try command(
      check(
        topology(
          "  a: {instances: 2, command: [x, \"${{ 8080 + instance + instance }}\", \"${{ node }}\"]}\n"
        )))
    #expect(plan.words[1].resolved(instance: 3, run: "", scratch: "") == "8086")
    #expect(plan.words[2].resolved(instance: 3, run: "", scratch: "") == "a-3")
  }

  @Test func filesAreIncludedAndGroupsHaveFiles() throws {
    let files = [
      "/t/more.yaml": "ptree: 1\nvariables: {v: inner}\nnodes: {b: {shell: \"${{ v }}\"}}\n",
      "/t/sub/group.yaml":
        "ptree: 1\nvariables: {q: low}\nnodes: {c: {command: [./c, \"${{ q }}\"]}}\n",
    ]
    let text = """
      ptree: 1
      include: [more.yaml]
      nodes:
        a: {shell: x}
        g: {file: sub/group.yaml, variables: {q: high}, restart: onFailure, limit: 2}
      """
    let checked = check(text, files: files)
    #expect(checked.diagnostics.all.isEmpty, "\(checked.diagnostics.all.map(\.message))")
    let nodes = try #require(checked.topology?.group.nodes)
    #expect(nodes.map(\.name) == ["a", "g", "b"])
    #expect(checked.topology?.nodeCount == 4)
    guard case .group(let group) = nodes[1].kind, case .command(let plan) = group.nodes[0].kind
    else { throw Missing() }
    #expect(group.nodes[0].address == "g/c" && group.limit == 2)
    #expect(plan.words.map(\.constant) == ["./c", "high"])
    #expect(plan.directory.constant == "/t/sub")
  }

  @Test func aFileThatLeadsToItselfIsRefused() {
    let files = ["/t/b.yaml": "ptree: 1\ninclude: [t.yaml]\nnodes: {b: {shell: x}}\n"]
    let text = "ptree: 1\ninclude: [b.yaml]\nnodes: {a: {shell: x}}\n"
    #expect(check(text, files: files).diagnostics.sorted.map(\.code) == [.includeCycle])
    let group = "ptree: 1\nnodes: {a: {file: t.yaml}}\n"
    #expect(check(group).diagnostics.sorted.map(\.code) == [.includeCycle])
  }

  /// A file that is not there is reported where another one names it.
  @Test(arguments: [
    ("include: [x.yaml]\nnodes: {a: {shell: x}}\n", "2:11:unreadable"),
    ("include: [{file: x.yaml}]\nnodes: {a: {shell: x}}\n", "2:18:unreadable"),
    ("nodes: {a: {file: x.yaml}}\n", "2:19:unreadable"),
  ])
  func aMissingFileIsReportedWhereItIsNamed(text: String, place: String) {
    let checked = check("ptree: 1\n" + text)
    #expect(diagnose("ptree: 1\n" + text).contains(place))
    let shown = DiagnosticText(checked.files).text(of: checked.diagnostics)
    #expect(shown.contains("'x.yaml' cannot be read: No such file or directory."), "\(shown)")
    #expect(shown.contains("^~~~~~"), "\(shown)")
  }

  @Test func anOverlayReplacesAddsAndTakesAway() throws {
    let files = [
      "/t/o.yaml":
        "ptree: 1\nnodes: {a: {command: [y], mayFail: true}, b: null, c: {shell: z}}\n"
    ]
    let text = topology("  a: {shell: x, timeLimit: 5s}\n  b: {shell: x}\n")
    let checked = check(text, files: files) { $0.overlays = ["/t/o.yaml"] }
    #expect(try command(checked).words.map(\.constant) == ["y"])
    let nodes = checked.topology?.group.nodes ?? []
    #expect(nodes.map(\.name) == ["a", "c"])
    #expect(nodes.first?.timeLimit == .seconds(5) && nodes.first?.mayFail == true)
  }

  /// A value that is read before the start cannot depend on the run, and no such use is passed over
  /// silently.
  @Test(arguments: [
    "environmentFiles: [\"${{ run.scratch }}/e\"]", "user: \"${{ run.id }}\"",
    "inheritEnvironment: [\"A${{ run.id }}\"]", "description: \"${{ run.id }}\"",
    "dependsOn: [\"b${{ run.id }}\"]",
  ])
  func textsThatAreUsedBeforeTheStartAreKnownThen(key: String) {
    let found = diagnose(topology("  a:\n    shell: x\n    \(key)\n"))
    #expect(found.contains { $0.hasPrefix("5:") && $0.hasSuffix(":invalidExpression") }, "\(found)")
  }

  @Test func anAddressHasNoZeroByte() {
    for text in ["h\\0:1", "/run/${{ instance }}\\0"] {
      let node = "  a: {shell: x, readiness: {port: \"\(text)\"}}\n"
      #expect(diagnose(topology(node)).contains("3:35:wrongValue"), "\(text)")
    }
  }

  @Test func lineBreaksOfUnicodeArePrintedAsEscapes() throws {
    let checked = check(topology("  a: {shell: \"x\\u2028y\\u2029z\\u0085\"}\n"))
    let printed = YAMLText.text(of: try #require(checked.value))
    #expect(printed.contains(#""x\u2028y\u2029z\u0085""#), "\(printed)")
  }

  @Test func whyNothingStartsIsToldAsItIs() {
    let text = topology(
      "  a: {shell: x, profiles: [p]}\n  b: {shell: x, profiles: [q]}\n")
    func words(_ change: (inout CheckOptions) -> Void) -> [String] {
      check(text, change).diagnostics.all.map(\.message)
    }
    #expect(
      words { _ in }.first?.hasSuffix(": all are of profiles; choose one with --profile.") == true)
    #expect(
      words {
        $0.profiles = ["p"]
        $0.without = ["a"]
      }.first?.hasSuffix(": all that are left are of profiles; choose one with --profile.") == true)
    #expect(words { $0.without = ["a", "b"] }.first?.hasSuffix(": all are left out.") == true)
  }

  @Test func profilesBringTheirDependencies() {
    let text = topology(
      "  a: {shell: x}\n  b: {shell: x, profiles: [dev], dependsOn: {c: started}}\n  c: {shell: x, profiles: [db]}\n"
    )
    func names(_ change: (inout CheckOptions) -> Void) -> [String] {
      check(text, change).topology?.group.nodes.map(\.name) ?? []
    }
    #expect(names { _ in } == ["a"])
    #expect(names { $0.profiles = ["dev"] } == ["a", "b", "c"])
    #expect(names { $0.only = ["b"] } == ["b", "c"])
    #expect(diagnose(text) { $0.only = ["d"] } == ["1:1:unknownNode"])
    #expect(
      diagnose(text) {
        $0.profiles = ["dev"]
        $0.without = ["c"]
      } == ["1:1:neverReached"])
  }

  @Test func aLateValueOfTheEnvironmentCountsAsGiven() {
    let text = topology("  a: {shell: x, timeLimit: \"${{ env.LIMIT }}\"}\n")
    #expect(diagnose(text) == ["3:29:unsetVariable"])
    #expect(diagnose(text) { $0.isWithoutEnvironment = true } == [])
  }

  @Test func fiveFaultsAreReportedInTheOrderOfTheFile() {
    let text = topology(
      """
        a:
          shell: x
          depends_on: [b]
          timeLimit: 5
          mayFail: yes
          restart: sometimes
          instances: -1

      """)
    #expect(
      diagnose(text) == [
        "5:5:unknownKey", "6:16:wrongValue", "7:14:wrongType", "8:14:wrongValue",
        "9:16:wrongValue",
      ])
  }

  @Test func aMessageShowsItsLine() {
    let checked = check(topology("  a:\n    shell: x\n    depends_on: [b]\n"))
    #expect(
      DiagnosticText(checked.files).text(of: checked.diagnostics) == """
        /t/t.yaml:5:5: error: a node has no key 'depends_on'; did you mean 'dependsOn'?
            5 |     depends_on: [b]
              |     ^~~~~~~~~~

        """)
  }

  /// What cannot be read may be a secret in any place: only the key that stands twice is shown.
  @Test(arguments: [
    "ptree: 1\nnodes:\n  a:\n    shell: x\n    environment: {A: {secret: hunter2, secret: hunter2}}\n",
    "ptree: 1\nnodes: {a: {shell: x, environment: {A: {secret: \"hunter2}}}}\n",
    "ptree: 1\nvariables: {s: {secret: true, default: hunter2, default: hunter2}}\nnodes: {a: {shell: x}}\n",
    "ptree: 1\nx-secret: |\n  - hunter2\n  hunter2: [\n hunter2: }\n",
    "ptree: 1\nx-secret: !hunter [hunter2]\n# \u{1}hunter2\n",
    "ptree: 1\nx-secret: !hunter2\n",
  ])
  func aFileThatCannotBeReadShowsNoSecret(text: String) {
    let checked = check(text)
    #expect(checked.diagnostics.errorCount > 0)
    let shown = DiagnosticText(checked.files).text(of: checked.diagnostics)
    #expect(!shown.contains("hunter2"), "\(shown)")
    #expect(text.contains("default: hunter2") ? shown.contains(" default•") : shown.contains("•"))
  }

  /// Few starts are not rehearsed; of pipelines and programs nobody knows how many they are.
  @Test(
    arguments: [
      ("a: {shell: x}", 1), ("a: {shell: x, instances: 3}\n  b: {command: [x]}", 4),
      ("g: {nodes: {a: {shell: x}, h: {nodes: {b: {shell: x}}}}}\n  c: {shell: x}", 5),
      ("a: {shell: x}\n  p: {pipeline: {from: {list: [a]}, stages: [{shell: cat}]}}", nil),
      ("g: {nodes: {p: {pipeline: {from: {list: [a]}, stages: [{shell: cat}]}}}}", nil),
    ] as [(String, Int?)])
  func howManyNodesStartIsKnownOfCommands(nodes: String, starts: Int?) throws {
    let plan = try #require(check(topology("  \(nodes)\n")).topology)
    #expect(plan.group.starts == starts)
  }

  @Test func whatIsPrintedIsTheSameTopology() throws {
    let text = """
      ptree: 1
      variables: {port: 8080}
      environment: {A: "1", B: NO, C: "x: #y", D: {secret: s}}
      nodes:
        a: {command: [x, "${{ port + instance }}", "$${{ y }}", "-n", "", "a\\tb"], instances: 2}
        g:
          supervision: {strategy: restForOne, intensity: {restarts: 3, period: 1m}}
          nodes:
            b: {shell: "echo 'x'\\necho y", dependsOn: {c: started}, readiness: {port: 80}}
            c: {shell: y}
      """
    let first = check(text)
    let printed = YAMLText.text(of: try #require(first.value))
    let second = check(printed)
    #expect(second.diagnostics.all.isEmpty, "\(printed)\(second.diagnostics.all.map(\.message))")
    #expect(YAMLText.text(of: try #require(second.value)) == printed)
    #expect(try command(first).words == command(second).words)
    #expect(!printed.contains("secret: s"))
  }
}
