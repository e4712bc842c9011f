import ProcessTreeMessagePack
import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

@Suite struct NodePathTests {
  private static func random(_ generator: inout SeededGenerator) -> NodePath {
    NodePath(positions: (0..<generator.int(0...4)).map { _ in UInt32(generator.int(1...3)) })
  }

  @Test(
    arguments: [
      ([], "MainProcess"), ([1], "Process-1"), ([1, 2], "Process-1:2"),
      ([12, 1, 300], "Process-12:1:300"), ([.max], "Process-4294967295"),
    ] as [([UInt32], String)])
  func namesArePythons(_ positions: [UInt32], _ name: String) {
    #expect(NodePath(positions: positions).description == name)
  }

  @Test func childrenAreNamedAfterTheirParents() {
    #expect(NodePath.root.child(1).child(2).description == "Process-1:2")
    #expect(NodePath.root.child(3) == NodePath(positions: [3]))
  }

  @Test func aPathIsWithinItselfAndItsAncestors() {
    let path = NodePath(positions: [1, 2, 3])
    #expect(path.isWithin(path) && path.isWithin(.root))
    #expect(path.isWithin(NodePath(positions: [1, 2])))
    #expect(!path.isWithin(NodePath(positions: [1, 3])))
    #expect(!path.isWithin(path.child(1)))
    // 12 begins with the digit 1 and is another child all the same.
    #expect(!NodePath(positions: [12]).isWithin(NodePath(positions: [1])))
    #expect(!NodePath.root.isWithin(path))
  }

  @Test func theOrderIsATreesInPreorder() {
    let ordered = [[], [1], [1, 1], [1, 1, 9], [1, 2], [2], [10], [10, 1]].map {
      NodePath(positions: $0)
    }
    #expect(ordered.shuffled().sorted() == ordered)
    #expect(!(ordered[0] < ordered[0]))
  }

  @Test func orderAndWithinAgree() {
    var generator = SeededGenerator.announced("orderAndWithinAgree")
    for _ in 0..<20_000 {
      let (left, right) = (Self.random(&generator), Self.random(&generator))
      #expect([left < right, right < left, left == right].filter { $0 }.count == 1)
      #expect((left.isWithin(right) && right.isWithin(left)) == (left == right))
      if left.isWithin(right) { #expect(right <= left) }
      #expect((left.description == right.description) == (left == right))
    }
  }

  @Test func pathsCrossAsTheyAre() throws {
    var generator = SeededGenerator.announced("pathsCrossAsTheyAre")
    func read(_ path: NodePath) throws -> NodePath {
      var writer = MessagePackWriter()
      path.pack(into: &writer)
      var reader = MessagePackReader(writer.bytes)
      return try .read(from: &reader)
    }
    for _ in 0..<500 {
      let path = Self.random(&generator)
      #expect(try read(path) == path)
    }
    let deepest = [UInt32](repeating: .max, count: NodePath.maximumDepth)
    #expect(try read(NodePath(positions: deepest)).positions == deepest)
    #expect(throws: WireError.self) { try read(NodePath(positions: deepest + [1])) }
  }
}
