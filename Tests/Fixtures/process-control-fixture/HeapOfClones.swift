import Glibc
import ProcessTreeBase
import ProcessTreeProcessControl

/// How much memory a clone writes to that allocates little, where the heap has holes.
enum HeapOfClones {
  private static let sizes = Array(stride(from: 24, through: 1_200, by: 48))

  /// Allocates many pieces, and frees every second one.
  static func makeHoles() {
    let pieces = (0..<2_000).map { malloc(sizes[$0 % sizes.count]) }
    for (index, piece) in pieces.enumerated() where index.isMultiple(of: 2) { free(piece) }
  }

  /// Allocates pieces of all sizes; returns how many pages they begin in, and how many they fill.
  static func account() -> String {
    for sanitizer in ["asan", "tsan"] where dlsym(nil, "__\(sanitizer)_init") != nil {
      return "no heap with holes"
    }
    var pages: Set<UInt> = []
    for size in sizes + sizes { pages.insert(UInt(bitPattern: malloc(size)) / 4_096) }
    return "\(pages.count) \(sizes.reduce(0, +) * 2 / 4_096 + 1)"
  }
}

extension Scenarios {
  static func heap(_ node: Node) throws {
    let child = try node.start("heap")
    report("heap", try child.line())
    report("status", "\(try child.join().status)")
    try node.finish()
  }
}
