import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

@Suite struct NodeSecretTests {
  private func bytes(_ secret: NodeSecret) -> [UInt8] { secret.withUnsafeBytes { Array($0) } }

  private func proof(_ secret: LinkSecret?) -> [UInt8]? {
    secret?.helloProof(7, by: address(1)).bytes
  }

  /// Computed by Python: `hashlib.blake2s(message, key=bytes([1] * 32))`.
  @Test func theBytesAreThoseOfTheProtocol() {
    let root = nodeSecret(1)
    #expect(hex(bytes(root.child(258))) == Self.childOfPython)
    #expect(hex(root.controlProof(attempt: 2, pid: 770).bytes) == Self.controlOfPython)
    let deep = NodePath(positions: (1...40).map { UInt32($0) })
    #expect(
      hex(root.linkSecret(from: deep, to: NodePath(positions: [9]))?.welcomeProof(3).bytes ?? [])
        == Self.linkOfPython)
  }

  private static let childOfPython =
    "5efcb9b326bdf02a1a68ab67230b893d9b461868002b0f703aade0d33b7a4501"
  private static let controlOfPython =
    "1df84770cd1f55f7dafd2eb233b476312d4f81d0df65157331266f61ab5736ec"
  private static let linkOfPython =
    "f2877547db42bbb8a49484d8f8e9f3cfa650d51edec0e204f22e62018f853766"

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  @Test func aNodeKnowsTheSecretsBelowItAndNoOther() {
    let node = nodeSecret(of: NodePath(positions: [1, 2]))
    let below = NodePath(positions: [1, 2, 3, 4])
    #expect(node.secret(of: below).map(bytes) == bytes(nodeSecret(of: below)))
    #expect(node.secret(of: node.path).map(bytes) == bytes(node))
    for other in [[], [1], [1, 3], [2, 2], [1]] as [[UInt32]] {
      #expect(node.secret(of: NodePath(positions: other)) == nil)
    }
  }

  @Test func bothEndsOfEveryLinkOfATreeAgreeAndNobodyElseDoes() throws {
    var generator = SeededGenerator.announced("links of trees")
    func path() -> NodePath {
      NodePath(positions: (0..<generator.int(0...4)).map { _ in UInt32(generator.int(1...3)) })
    }
    for _ in rounds(500) {
      let (connector, listener, other) = (path(), path(), path())
      guard connector != listener else { continue }
      let expected = proof(nodeSecret().linkSecret(from: connector, to: listener))
      let atListener = nodeSecret(of: listener).linkSecret(from: connector, to: listener)
      #expect(proof(atListener) == expected, "\(connector) to \(listener)")
      var atConnector = nodeSecret(of: connector).linkSecret(from: connector, to: listener)
      if atConnector == nil {
        // Their first common ancestor, or any node above it, makes the pass; no other node can.
        let common = zip(connector.positions, listener.positions).prefix { $0 == $1 }.map(\.0)
        for depth in 0...common.count {
          let above = nodeSecret(of: NodePath(positions: Array(common.prefix(depth))))
          let pass = try #require(above.pass(from: connector, to: listener))
          atConnector = nodeSecret(of: connector).open(pass, to: listener)
          #expect(proof(atConnector) == expected)
          // A reader of the pass cannot use it.
          guard other != connector else { continue }
          #expect(proof(nodeSecret(of: other).open(pass, to: listener)) != expected)
        }
        let below = nodeSecret(of: NodePath(positions: connector.positions))
        #expect(below.pass(from: connector, to: listener) == nil)
      }
      #expect(proof(atConnector) == expected)
      // Somebody who is above neither, and is neither, knows nothing.
      if !connector.isWithin(other), !listener.isWithin(other) {
        #expect(nodeSecret(of: other).linkSecret(from: connector, to: listener) == nil)
      }
    }
  }

  @Test func aPassOfAnotherSizeOpensNothing() {
    let node = nodeSecret(of: NodePath(positions: [1]))
    for size in [0, 31, 33] {
      let pass = Pass(bytes: [UInt8](repeating: 1, count: size))
      #expect(proof(node.open(pass, to: NodePath(positions: [2]))) == nil)
    }
  }

  @Test func keysOfChannelsAndTicketsDiffer() {
    let node = nodeSecret()
    var seen: Set<UInt64> = []
    for number in 0..<100 as Range<UInt32> {
      #expect(seen.insert(node.channelKey(number, .sender)).inserted)
      #expect(seen.insert(node.channelKey(number, .receiver)).inserted)
      #expect(seen.insert(node.ticketNumber(UInt64(number))).inserted)
    }
  }
}
