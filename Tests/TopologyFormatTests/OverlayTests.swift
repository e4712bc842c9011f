import Testing

@testable import ProcessTreeTopologyFormat

/// Files that are laid over others, and values that one file gives to another.
struct OverlayTests {
  private func overlaid(_ text: String, _ upper: String) -> CheckedFile {
    check("ptree: 1\n" + text, files: ["/t/o.yaml": "ptree: 1\n" + upper]) {
      $0.overlays = ["/t/o.yaml"]
    }
  }

  /// What of an object excludes what is below takes it away, wherever it stands.
  @Test(arguments: [
    ("nodes: {a: {shell: x}}", "nodes: {a: {nodes: {b: {shell: y}}}}"),
    ("nodes: {a: {nodes: {b: {shell: y}}}}", "nodes: {a: {shell: x}}"),
    (
      "nodes: {a: {shell: x, readiness: {port: 80, every: 5s}}}",
      "nodes: {a: {readiness: {file: f}}}"
    ),
    (
      "nodes: {a: {pipeline: {from: {list: [a]}, stages: [{shell: cat}]}}}",
      "nodes: {a: {pipeline: {from: {files: [a]}}}}"
    ),
    (
      "nodes: {a: {shell: x, environment: {A: {secret: a}}}}",
      "nodes: {a: {environment: {A: {secretFile: f}}}}"
    ),
  ])
  func anotherKindTakesThePlaceOfTheOneBelow(text: String, upper: String) {
    let checked = overlaid(text, upper)
    #expect(checked.diagnostics.errorCount == 0, "\(checked.diagnostics.all.map(\.message))")
  }

  /// Names are no kinds, even if they are called so.
  @Test func namesThatAreWordsOfTheFormatStay() {
    let checked = overlaid(
      """
      x-a: {command: 1, file: 2}
      nodes:
        shell: {shell: x, environment: {command: a, file: b}}
        file: {shell: y}
      """, "x-a: {shell: 3}\nnodes: {file: {restart: always}, shell: {environment: {shell: c}}}")
    #expect(checked.diagnostics.errorCount == 0, "\(checked.diagnostics.all.map(\.message))")
    #expect(checked.topology?.group.nodes.map(\.name) == ["shell", "file"])
    let environment = checked.value?["nodes"]?["shell"]?["environment"]?.entries?.map(\.key)
    #expect(environment == ["command", "file", "shell"])
    #expect(checked.value?["x-a"]?.entries?.map(\.key) == ["command", "file", "shell"])
  }

  @Test func nothingTakesAwayWhereItIsNoValue() {
    let checked = overlaid(
      """
      nodes:
        p: {pipeline: {from: {list: [a]}, stages: [{shell: cat}], to: {file: out}}}
        q: {pipeline: {from: {list: [a]}, stages: [{shell: cat}]}}
        c: {shell: x, output: log, restart: always, environment: {A: b}}
      """,
      """
      nodes:
        p: {pipeline: {to: null}}
        q: {pipeline: {to: null}}
        c: {output: null, restart: null, environment: {A: null}}
      """)
    #expect(checked.diagnostics.errorCount == 0, "\(checked.diagnostics.all.map(\.message))")
    let nodes = checked.topology?.group.nodes ?? []
    for node in nodes.prefix(2) {
      guard case .pipeline(let plan) = node.kind else { continue }
      #expect(plan.sink == .null)
    }
    guard case .command(let plan)? = nodes.last?.kind else {
      Issue.record("\(nodes)")
      return
    }
    #expect(plan.output == .null && plan.environment == [.remove("A")])
    #expect(nodes.last?.restart.when == .never)
  }

  @Test func aSecretStaysOneWithAnotherValue() {
    let text =
      "variables: {s: {secret: true, default: a}}\nnodes: {a: {command: [x, \"${{ s }}\"]}}"
    let checked = overlaid(text, "variables: {s: hunter2}")
    #expect(checked.diagnostics.all.map(\.code) == [.misplacedSecret])
    let shown = DiagnosticText(checked.files).text(of: checked.diagnostics)
    #expect(!shown.contains("hunter2"))
    let included = check(
      "ptree: 1\ninclude: [{file: o.yaml, variables: {s: hunter2}}]\n",
      files: ["/t/o.yaml": "ptree: 1\n" + text])
    #expect(included.diagnostics.all.map(\.code) == [.misplacedSecret])
  }

  @Test func anIncludedFileGetsNoUnknownVariables() {
    let checked = check(
      "ptree: 1\ninclude: [{file: o.yaml, variables: {prot: 1}}]\n",
      files: [
        "/t/o.yaml": topology("  a: {shell: \"${{ port }}\"}\n", top: "variables: {port: 2}\n")
      ])
    #expect(checked.diagnostics.all.map(\.code) == [.unknownVariable])
    #expect(checked.diagnostics.all.first?.suggestion == "port")
  }
}
