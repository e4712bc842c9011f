/// The counts of a directory and of all below it.
struct Subtree: Codable, Sendable {
  let path: [UInt8]
  private(set) var counts: Counts
  /// The directories directly below, when they were counted by nodes of their own; without theirs.
  private(set) var parts: [Subtree]

  /// Adds up what was counted in a directory itself and in those directly below it.
  init(path: [UInt8], own: Counts, parts: [Subtree]) {
    self.path = path
    counts = parts.reduce(into: own) { $0 += $1.counts }
    // Directories further down are part of the sums: a large tree does not become a large result.
    self.parts = parts.map { part in
      var part = part
      part.parts = []
      return part
    }
  }
}
