/// The progress that all nodes have reported, stage by stage.
///
/// Reports that begin with a word and a colon belong to the stage of that name, whichever nodes
/// they come from; others to that of the node's name without its number. A value: reports, ends and
/// times come in, lines come out.
struct ProgressBoard {
  /// More stages than this are no help to anybody.
  static let mostStages = 20

  /// The stages in the order of their first reports.
  private(set) var stages: [StageProgress] = []
  /// The stages of each live node, by their places.
  private var stagesOfNodes: [String: Set<Int>] = [:]

  /// Takes a report with a number, of the node at a path, at a time since the start.
  mutating func take(
    _ message: String, completed: Int, total: Int?, from node: String, at path: String,
    _ time: Duration
  ) {
    let words = ReportWords(message)
    let name = words.stage ?? Self.stage(of: node)
    guard let index = stages.firstIndex(where: { $0.name == name }) ?? newStage(name) else {
      return
    }
    stages[index].take(words, completed: completed, total: total, from: path, at: time)
    stagesOfNodes[path, default: []].insert(index)
  }

  private mutating func newStage(_ name: String) -> Int? {
    guard stages.count < Self.mostStages else { return nil }
    stages.append(StageProgress(name: name))
    return stages.count - 1
  }

  /// A node has ended: what it did stays counted.
  mutating func end(path: String) {
    for index in stagesOfNodes.removeValue(forKey: path) ?? [] { stages[index].end(path: path) }
  }

  /// The name of a node without its number.
  static func stage(of node: String) -> String {
    guard let dash = node.lastIndex(of: "-"), dash != node.startIndex else { return node }
    let number = node[node.index(after: dash)...]
    let isNumber = !number.isEmpty && number.allSatisfy { $0 == ":" || ("0"..."9").contains($0) }
    return isNumber ? String(node[..<dash]) : node
  }

  /// A line for each stage, of at most so many columns.
  func lines(at time: Duration, width: Int) -> [String] {
    stages.map { $0.line(at: time).fitted(to: width) }
  }
}

extension String {
  /// The text without control characters, cut so that it takes up no more than so many columns of a
  /// terminal.
  func fitted(to width: Int) -> String {
    var fitted = String.UnicodeScalarView()
    var columns = 0
    for scalar in unicodeScalars where scalar.properties.generalCategory != .control {
      // Roughly from Hangul on, scripts may be of double width.
      columns += scalar.value < 0x1100 ? 1 : 2
      guard columns <= width else { break }
      fitted.append(scalar)
    }
    return String(fitted)
  }
}
