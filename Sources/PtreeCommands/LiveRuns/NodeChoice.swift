internal import Glibc
internal import ProcessTree
internal import ProcessTreeTopologyFormat

/// The choice of nodes of a run by words: addresses, paths, templates and wildcards.
struct NodeChoice {
  let nodes: [NodeExplanation]

  /// The nodes that a word stands for; throws if there are none.
  func nodes(named word: String) throws -> [NodeExplanation] {
    let address = Self.address(word)
    let exact = nodes.filter { "\($0.address)" == address || $0.path == word }
    if !exact.isEmpty { return exact }
    let instances = nodes.filter { node in
      let text = "\(node.address)"
      return text.hasPrefix(address + "-") && Int(text.dropFirst(address.count + 1)) != nil
    }
    if !instances.isEmpty { return instances }
    let matches = nodes.filter { Self.matches(address, "\($0.address)") }
    if !matches.isEmpty { return matches }
    let known = nodes.filter { $0.address != .root }.prefix(Self.mostNamed)
      .map { "\($0.address)".dropFirst() }.joined(separator: ", ")
    throw RunRefusal.noSuchNode(
      "there is no node '\(word)'; there are: \(known.isEmpty ? "none" : known).")
  }

  /// The most nodes that an error names.
  private static let mostNamed = 8

  /// The address that a word means: the slash before the first step may be left out.
  static func address(_ word: String) -> String { word.hasPrefix("/") ? word : "/" + word }

  /// Whether a wildcard matches: `*` within one step, `**` over any number.
  private static func matches(_ pattern: String, _ address: String) -> Bool {
    guard pattern.contains(where: { "*?[".contains($0) }) else { return false }
    return fnmatch(pattern, address, pattern.contains("**") ? 0 : FNM_PATHNAME) == 0
  }
}
