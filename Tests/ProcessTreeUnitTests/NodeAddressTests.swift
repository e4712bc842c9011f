import ProcessTreeMessagePack
import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

@testable import ProcessTree

@Suite struct NodeAddressTests {
  @Test(
    arguments: [
      ("/", NodeAddress.root), ("/shop/till", .root.child("shop").child("till")),
      ("/#2/#1", .root.child(at: 2).child(at: 1)),
      ("/worker#3", .root.child("worker", position: 3)),
      ("/a%23b%25#1", .root.child("a#b%", position: 1)), ("/a b/é", .root.child("a b").child("é")),
    ])
  func anAddressIsItsText(_ text: String, _ address: NodeAddress) throws {
    #expect(address.description == text)
    #expect(NodeAddress(text) == address)
    let bytes = try MessagePackEncoder().encode(address)
    #expect(try MessagePackDecoder().decode(NodeAddress.self, from: bytes) == address)
    #expect(try MessagePackDecoder().decode(String.self, from: bytes) == text)
  }

  @Test(
    arguments: [
      "", "shop", "//", "/shop/", "/#", "/#0", "/#01", "/#-1", "/#4294967296", "/a#", "/a#b",
      "/a#1#2",
      "/%", "/%2", "/%41",
    ])
  func whatIsNoAddressIsNone(_ text: String) { #expect(NodeAddress(text) == nil) }

  @Test func anyNameComesBack() throws {
    var random = SeededGenerator.announced("anyNameComesBack")
    let letters = Array("ab#%/2 5é")
    for _ in 0..<iterations(2_000) {
      var address = NodeAddress.root
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let count = Int.random(in: 1...6, using: &random)
        let name = String((0..<count).map { _ in letters.randomElement(using: &random) ?? "a" })
        guard (try? Node.check(name: name)) != nil else { continue }
        let position = Bool.random(using: &random) ? UInt32.random(in: 1...9, using: &random) : nil
        address = address.child(name, position: position)
      }
      #expect(NodeAddress(address.description) == address)
    }
  }

  @Test func stepsLeadDown() {
    let shop = NodeAddress.root.child("shop")
    #expect(shop.steps(downTo: shop)?.isEmpty == true)
    #expect(NodeAddress.root.steps(downTo: shop.child("till")) == shop.child("till").steps)
    #expect(shop.steps(downTo: .root) == nil)
    // A name alone may be another node's: only the whole address is within this one.
    #expect(NodeAddress.root.child("shop", position: 1).steps(downTo: shop.child("till")) == nil)
    #expect(shop.child("till").parent == shop && NodeAddress.root.parent == nil)
  }

  @Test(
    arguments: [
      (
        AddressQuestion(NodeAddress.root.child("n"), .mailbox(.work, type: "T", .receiver)),
        [0x95, 0xA2, 0x2F, 0x6E, 1, 1, 0xA1, 0x54, 1]
      ), (AddressQuestion(.root, .monitor([7])), [0x93, 0xA1, 0x2F, 2, 0xC4, 1, 7]),
    ] as [(AddressQuestion, [UInt8])])
  func aQuestionHasTheBytesOfTheProtocol(_ question: AddressQuestion, _ bytes: [UInt8]) throws {
    #expect(question.packed() == bytes)
    #expect(try AddressQuestion(packed: bytes) == question)
  }

  @Test(
    arguments: [
      (
        .mailbox(
          ChannelID(
            home: PeerAddress(path: .root, name: "n", pid: 1, startTime: 2, endpoint: "e"),
            number: 3),
          ChannelSpecification(kind: .work, overflow: .fail(4), prefetch: 5, attempts: 6),
          key: 7),
        [
          0x94, 1, 0x92, 0x95, 0x90, 0xA1, 0x6E, 1, 2, 0xA1, 0x65, 3, 0x94, 1, 0x92, 3, 4, 5, 6, 7,
        ]
      ), (.monitored, [0x91, 2]), (.failed(.noSuchNode, "x"), [0x93, 3, 1, 0xA1, 0x78]),
      (.failed(.unreachable, ""), [0x93, 3, 2, 0xA0]),
      (.failed(.notPermitted, ""), [0x93, 3, 4, 0xA0]),
    ] as [(AddressAnswer, [UInt8])])
  func anAnswerHasTheBytesOfTheProtocol(_ answer: AddressAnswer, _ bytes: [UInt8]) throws {
    #expect(answer.packed() == bytes)
    #expect(try AddressAnswer(packed: bytes) == answer)
  }
}
