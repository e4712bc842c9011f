import Glibc
public import ProcessTree

/// Counts a directory's own files, and has a child node count each of its subdirectories.
struct TallyBranch: NodeProgram {
  var place: Place
  /// How many levels of nodes there may be below this one.
  var levels: Int

  func run(in node: Node) async throws -> Subtree {
    // Blocking work is off the event loop: the node hears of its children and of being stopped.
    async let own = node.offload { try FileCounter(for: node).countFiles(of: place) }
    let names = try await node.offload { place.subdirectories().sorted(by: isBefore) }
    let parts = try await node.withChildren(of: Subtree.self) { group in
      for (index, name) in names.enumerated() {
        let part = place.appending(name)
        try await group.count(part, levels: levels - 1)
        node.report("tally: directories begun", completed: index + 1, total: names.count)
      }
      return try await group.inSpawnOrder()
    }
    return Subtree(path: place.path, own: try await own, parts: parts)
  }
}

/// Counts a directory and everything below it without further nodes.
struct TallyLeaf: NodeProgram {
  var place: Place

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> Subtree {
    let counts = try await node.offload { try FileCounter(for: node).countTree(at: place) }
    return Subtree(path: place.path, own: counts, parts: [])
  }
}

extension ChildGroup<Subtree> {
  /// Has a child count a directory: one with children of its own only where that can be of use.
  func count(_ place: Place, levels: Int) async throws {
    if levels > 0, !place.subdirectories(upTo: 1).isEmpty {
      try await spawn(TallyBranch(place: place, levels: levels), name: place.nodeName)
    } else {
      try await spawn(TallyLeaf(place: place), name: place.nodeName)
    }
  }
}

/// A tree of processes over a tree of directories: lines, words and bytes, as `find` and `wc`
/// count.
///
/// A node per directory down to a depth; sums travel up as results. The limit of children holds in
/// each node, so a directory with ten thousand subdirectories has a few processes at a time.
public struct Tally: Example {
  /// What it is run by.
  public static let name = "tally"
  /// What it teaches.
  public static let lesson = "a node per directory counts lines, words and bytes; sums travel up"

  private let directory: [UInt8]
  private let depth: Int

  /// Makes the example with a directory, whose path need not be UTF-8, and how many levels of
  /// directories below it have nodes of their own.
  public init(directory: [UInt8], depth: Int) {
    self.directory = directory
    self.depth = depth
  }

  /// Has the directory counted by a child and its descendants.
  public func run(in root: Node) async throws -> TallyReport {
    let place = Place(base: directory)
    do throws(SystemFailure) {
      _ = try place.open()
    } catch {
      throw UnusableInput("\(visibleText(directory)): \(error)")
    }
    let parts = try await root.withChildren(of: Subtree.self) { group in
      try await group.count(place, levels: depth)
      return try await group.collect()
    }
    return TallyReport(parts[0])
  }
}
