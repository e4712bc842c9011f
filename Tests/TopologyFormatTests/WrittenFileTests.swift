import Testing

@testable import ProcessTreeTopologyFormat

/// Files that a node reads and writes to, or that two write to.
struct WrittenFileTests {
  private static func pipeline(_ rest: String) -> String {
    "pipeline: {from: {files: [io]}, stages: [{shell: cat}], \(rest)}"
  }

  @Test(arguments: [
    "to: {file: io}", "to: {file: io, append: true}", "to: {file: ./io}", "quarantine: {file: io}",
  ])
  func aPipelineDoesNotWriteToItsInput(rest: String) {
    let checked = check(topology("  a: {\(Self.pipeline(rest))}\n"))
    #expect(checked.diagnostics.all.map(\.code) == [.overwritten])
    #expect(checked.diagnostics.all.first?.message.hasPrefix("'") == true)
  }

  @Test(arguments: [
    // The pattern of the source finds the output.
    ("  a: {pipeline: {from: {files: ['*.x']}, to: {file: o.x}, stages: [{shell: cat}]}}\n", 1),
    ("  a: {pipeline: {from: {files: ['*.x']}, to: {file: d/o.x}, stages: [{shell: cat}]}}\n", 0),
    ("  a: {\(pipeline("to: {file: o}, quarantine: {file: o}"))}\n", 1),
    ("  a: {\(pipeline("to: {file: /dev/null}, quarantine: {file: /dev/null}"))}\n", 0),
    ("  a: {shell: x, input: {file: o}, output: {file: o}}\n", 1),
    ("  a: {shell: x, input: {file: o}, output: {file: o, append: true}}\n", 0),
    ("  a: {shell: x, instances: 2, output: {file: /dev/stderr}}\n", 0),
    ("  a: {shell: x, output: {file: /proc/self/fd/2}, error: {file: /proc/self/fd/2}}\n", 0),
    ("  a: {shell: x, output: {file: o}, error: {file: o}}\n", 1),
    ("  a: {shell: x, output: {file: o}, error: output}\n", 0),
    ("  a: {shell: x, output: {file: o}}\n  b: {shell: x, error: {file: ./o}}\n", 1),
    ("  a: {shell: x, output: {file: o}}\n  b: {shell: x, output: {file: o, append: true}}\n", 1),
    (
      "  a: {shell: x, output: {file: o, append: true}}\n"
        + "  b: {shell: x, output: {file: o, append: true}}\n", 0
    ),
    ("  a: {shell: x, instances: 2, output: {file: o}}\n", 1),
    ("  a: {shell: x, instances: 2, output: {file: o, append: true}}\n", 0),
    ("  a: {shell: x, instances: 2, output: {file: 'o.${{ instance }}'}}\n", 0),
    (
      "  a: {shell: x, output: {file: '${{ run.scratch }}/o'}}\n"
        + "  b: {shell: x, output: {file: '${{ run.scratch }}/o'}}\n", 1
    ),
    ("  g: {nodes: {a: {shell: x, output: {file: o}}}}\n  b: {shell: x, output: {file: o}}\n", 1),
  ])
  func whatWouldBeOverwrittenIsAnError(nodes: String, errors: Int) {
    let found = check(topology(nodes)).diagnostics.all
    #expect(found.map(\.code) == Array(repeating: .overwritten, count: errors))
    #expect(found.allSatisfy { $0.severity == .error }, "\(found)")
  }

  @Test(arguments: [
    "dependsOn: {a: succeeded}", "dependsOn: {c: started}", "start: manual", "profiles: [p]",
  ])
  func whatMayBeMeantIsAWarning(key: String) {
    let nodes =
      "  a: {shell: x, output: {file: o}}\n  c: {shell: x, dependsOn: {a: ended}}\n"
      + "  b: {shell: x, output: {file: o}, \(key)}\n"
    let found = check(topology(nodes)).diagnostics.all
    #expect(found.map(\.code) == [.overwritten] && found.first?.severity == .warning, "\(found)")
  }

  @Test(arguments: ["start: manual", "profiles: [p]"])
  func aGroupThatMayNotRunMakesItAWarning(key: String) {
    let nodes =
      "  g: {\(key), nodes: {a: {shell: x, output: {file: o}}}}\n"
      + "  b: {shell: x, output: {file: o}}\n"
    let found = check(topology(nodes)).diagnostics.all
    #expect(found.map(\.code) == [.overwritten] && found.first?.severity == .warning, "\(found)")
  }

  @Test(arguments: [
    ("output: null", false), ("output: {file: o}, error: null", false),
    ("output: {file: o}, error: output", false), ("output: {file: o}", true), ("error: null", true),
  ])
  func aLineThatNobodySeesIsNoReadiness(streams: String, mayHold: Bool) {
    let both = streams.contains("error") ? streams : streams + (mayHold ? "" : ", error: null")
    let found = diagnose(topology("  a: {shell: x, readiness: {line: r}, \(both)}\n"))
    #expect(found == (mayHold ? [] : ["3:29:meaningless"]))
  }
}
