import Testing

@testable import ProcessTreeTopologyFormat

/// Keys and names that stand twice.
struct DuplicateTests {
  /// The first of equal keys stays, and no other fault is hidden, neither one of the same kind.
  @Test func aKeyThatStandsTwiceHidesNothing() {
    let text = topology(
      """
        a:
          shell: x
          shell: y
          umask: 22
          sehll: z
          umask: "22"
          shell: z

      """)
    #expect(
      diagnose(text) == [
        "5:5:duplicateKey", "6:12:wrongValue", "7:5:unknownKey", "8:5:duplicateKey",
        "9:5:duplicateKey",
      ])
    #expect(check(text).topology == nil)
  }

  /// Nobody knows what the value of the second one is.
  @Test func theLineOfAKeyThatStandsTwiceMayHoldASecret() {
    let checked = check(
      "ptree: 1\nvariables: {s: {secret: true, default: qqqq, default: hunter2}}\nnodes: {a: {shell: x}}\n"
    )
    let shown = DiagnosticText(checked.files).text(of: checked.diagnostics)
    #expect(shown.contains("stands here twice") && !shown.contains("hunter2"), "\(shown)")
  }

  @Test func aNameOfAnInstanceThatMayComeIsTaken() {
    let text = topology(
      """
        a: {shell: x, instances: 2}
        a-3: {shell: x}
        a-03: {shell: x}
        a-x: {shell: x}
        b: {shell: x}
        b-3: {shell: x}

      """)
    #expect(diagnose(text) == ["4:3:duplicateNode"])
  }

  @Test func severalThatDependOnANodeDepend() {
    let nodes = "  a: {shell: x}\n  b: {shell: x, dependsOn: {a: started}}\n"
    let more = "  c: {shell: x, dependsOn: {a: started}}\n"
    for (text, words) in [(nodes, "'b' depends on it."), (nodes + more, "depend on it.")] {
      let found = check(topology(text)) { $0.without = ["a"] }.diagnostics.all
      #expect(found.contains { $0.message.hasSuffix(words) }, "\(found)")
    }
  }
}
