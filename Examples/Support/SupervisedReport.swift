import ProcessTree

/// How many lives each child had, and why it came to an end.
public struct SupervisedReport: ExampleReport, Encodable {
  let restarts: Int
  var lives: [String: Int] = [:]
  var chain = ""

  /// Whether each supervisor gave up when it had to, and the archive lived on.
  public var isSuccess: Bool {
    let lives = restarts + 1
    return self.lives == [
      "archive": 1, "shop": lives, "counter": lives, "printer": lives * lives,
    ] && chain.hasSuffix("MainProcess gave up")
  }

  /// The lives, and the chain in one line.
  public var text: String {
    let rows = lives.sorted { $0.key < $1.key }.map { [$0.key, "\($0.value)"] }
    return TextTable(rows: [["child", "lives"]] + rows, rightAligned: [1]).text + "\n\n" + chain
  }
}
