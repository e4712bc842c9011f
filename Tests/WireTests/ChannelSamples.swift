import ProcessTreeRandomTesting
import ProcessTreeWire

/// A node's address that shows at each field whose it is.
func address(_ number: UInt32, path: [UInt32]? = nil) -> PeerAddress {
  PeerAddress(
    path: NodePath(positions: path ?? [number]), name: "node \(number)", pid: Int32(number) + 100,
    startTime: UInt64(number) << 33, endpoint: "ipc:///run/\(number)")
}

func peerHello(
  version: ProtocolVersion = .current, proof: [UInt8] = [1, 2, 3],
  build: String = "build", at address: PeerAddress = address(1), received: UInt64 = 7,
  question: UInt64 = 3
) -> PeerHello {
  PeerHello(
    version: version, proof: Proof(bytes: proof), build: build, address: address,
    received: received, question: question)
}

private let channel = ChannelID(home: address(3), number: .max)
private let sender = TicketID(node: .root, number: 0)
private let receiver = TicketID(node: NodePath(positions: [1, .max, 3]), number: .max)
private let page = SharedMemoryName(pid: .max, descriptor: -1, inode: .max, size: .max)

/// A message of every kind, with fields at the ends of their ranges.
let sampleLinkMessages: [LinkMessage] = [
  .minted(channel, sender, .sender, hop: 0, key: 0),
  .minted(channel, receiver, .receiver, hop: .max, key: .max),
  .arrive(channel, sender, .sender, hop: 1), .arrive(channel, receiver, .receiver, hop: 0),
  .claim(channel, sender, .sender, hop: .max), .claim(channel, receiver, .receiver, hop: 2),
  .revoke(channel, []), .revoke(channel, [sender, receiver, sender]),
  .release(channel, receiver),
  .introduce(channel, sender: sender, receiver: receiver, at: address(9, path: [])),
  .introduce(channel, sender: sender, receiver: receiver, at: address(9), Pass(bytes: [1, 2])),
  .expecting(channel, sender: sender, receivers: 0),
  .expecting(channel, sender: sender, receivers: .max, newest: receiver),
  .receiversGone(channel, sender: sender),
  .ended(channel, receiver: receiver),
  .refused(channel, receiver, reason: ""),
  .refused(channel, receiver, reason: "gone: \u{1F6AB}\n\u{0}"),
  .open(flow: 0, sender: sender, receiver: receiver),
  .open(flow: .max, sender: receiver, receiver: sender),
  .recall(flow: 1, keeping: 0), .recall(flow: 1, keeping: .min),
  .missed(flow: 2, count: .max),
  .cancel(flow: 3, sequence: .max, isLate: false), .cancel(flow: 0, sequence: 0, isLate: true),
  .offer(region: .max, page),
  .close(flow: .max),
  .accept(flow: 4, page: nil, slot: 0), .accept(flow: 4, page: page, slot: 63),
  .returned(flow: 5, from: 1, through: 0), .returned(flow: 5, from: 0, through: .max),
  .leave(flow: 6), .drain(flow: 7), .subscribe(flow: 8, topics: ["a/b", ""]),
  .mapped(region: 0, false), .mapped(region: .max, true),
  .free([]),
  .free([SharedSlotName(index: .max, generation: 0), SharedSlotName(index: 0, generation: .max)]),
  .ring(page, BellName(descriptor: 0, inode: .max)), .ringFound(false), .ringFound(true),
  .ringFollows,
  .waiting(origin: .root, mark: .max, names: []),
  .waiting(origin: NodePath(positions: [7]), mark: 0, names: ["", "a", "é\u{0}"]),
]

/// The name of a message's case.
func kind(of message: LinkMessage) -> String {
  Mirror(reflecting: message).children.first?.label ?? "\(message)"
}

/// Bytes with much meaning in MessagePack: formats with lengths, and the one that is none.
private let telling: [UInt8] = [
  0x80, 0x8F, 0x90, 0x9A, 0x9B, 0x9C, 0xA0, 0xBF, 0xC0, 0xC1, 0xC4, 0xC6, 0xC9, 0xCF, 0xD3, 0xDB,
  0xDC, 0xDD, 0xDF, 0xFF, 0x00, 0x01, 0x02, 0x7F,
]

/// Changes, cuts or lengthens bytes in a few places.
func mutate(_ bytes: inout [UInt8], from start: Int = 0, _ generator: inout SeededGenerator) {
  for _ in 0..<generator.int(1...4) {
    guard bytes.count > start else {
      bytes += generator.bytes(generator.int(1...20))
      return
    }
    let place = generator.int(start...bytes.count - 1)
    switch generator.int(0...6) {
    case 0: bytes[place] ^= 1 << UInt8(generator.int(0...7))
    case 1: bytes[place] = UInt8(generator.int(0...255))
    case 2: bytes[place] = telling[generator.int(0...telling.count - 1)]
    case 3: bytes.remove(at: place)
    case 4: bytes.insert(telling[generator.int(0...telling.count - 1)], at: place)
    case 5: bytes.removeSubrange(place...)
    default: bytes.insert(contentsOf: generator.bytes(generator.int(1...9)), at: place)
    }
  }
}
