internal import ProcessTree
internal import ProcessTreeTopologyFormat

/// The choice of nodes of a run by words: addresses, paths, templates and wildcards.
struct NodeChoice {
  let nodes: [NodeExplanation]
  /// Whether nobody has named the run, so that a word that is no node may have been meant as one.
  var isOfOnlyRun = false

  /// The nodes that a word stands for; throws if there are none.
  func nodes(named word: String) throws -> [NodeExplanation] {
    let address = Self.address(word)
    let exact = nodes.filter { "\($0.address)" == address || $0.path == word }
    if !exact.isEmpty { return exact }
    let named = nodes.filter { $0.address.withoutPositions == address }
    if !named.isEmpty { return named }
    let pattern = NodePattern(word)
    let matches = nodes.filter { pattern.matches("\($0.address)") }
    if !matches.isEmpty { return matches }
    let known = nodes.filter { $0.address != .root }.prefix(Self.mostNamed)
      .map { "\($0.address)".dropFirst() }.joined(separator: ", ")
    throw RunRefusal.noSuchNode(
      "there is \(isOfOnlyRun ? "no run and " : "")no node '\(word)'; there are: "
        + "\(known.isEmpty ? "none" : known).")
  }

  /// The most nodes that an error names.
  private static let mostNamed = 8

  /// The address that a word means: the slash before the first step may be left out.
  static func address(_ word: String) -> String { word.hasPrefix("/") ? word : "/" + word }

  /// The patterns of words that each stand for nodes; a path, and a name without its position,
  /// become addresses.
  func patterns(_ words: [String]) throws -> [String] {
    try words.flatMap { word in
      let found = try nodes(named: word)
      let isAddress = found.allSatisfy {
        $0.path == word || $0.address.withoutPositions == Self.address(word)
      }
      return isAddress ? found.map { "\($0.address)" } : [word]
    }
  }
}

extension NodeAddress {
  /// The names alone, as nodes are shown: those that no supervisor keeps have a position behind
  /// them.
  fileprivate var withoutPositions: String {
    "/" + steps.map { $0.name ?? "\($0)" }.joined(separator: "/")
  }
}
