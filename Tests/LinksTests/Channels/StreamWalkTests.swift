import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

@testable import ProcessTreeLinks

/// Channels without leases on random walks: pipes and broadcasts.
@Suite struct StreamWalkTests {
  /// One sender and its receivers, each of which knows what came so far.
  private final class Walk {
    let world: ChannelWorld
    let specification: ChannelSpecification
    var taken: [ObjectIdentifier: [Int]] = [:]
    /// The number of the first item that each receiver was to get.
    var first: [ObjectIdentifier: Int] = [:]
    var offered = 0
    /// Items that the policy did not take, of pipes.
    var refused = 0

    init(_ specification: ChannelSpecification, on loop: EventLoop) {
      self.specification = specification
      world = ChannelWorld(specification, senders: 1, on: loop)
      core.expect(receivers: 0)
    }

    var core: SenderCore { world.senders[0].core }

    func subscribe() {
      let receiver = world.addReceiver()
      // Everything that waits already is for it as well.
      first[ObjectIdentifier(receiver)] = offered - core.queue.count + 1
    }

    func offer(_ generator: inout SeededGenerator) throws {
      for _ in 0..<generator.int(1...20) {
        let item = WalkItem(sender: 0, number: offered + 1)
        do {
          guard try core.offer(item.bytes(padding: randomPadding(&generator))) else { return }
          offered += 1
        } catch .full {
          return
        }
      }
    }

    func take(_ most: Int, at receiver: ChannelWorld.ReceiverNode) throws {
      for _ in 0..<most {
        guard let delivery = receiver.core.take() else { return }
        let number = try WalkItem(delivery.bytes).number
        let last = taken[ObjectIdentifier(receiver)]?.last ?? 0
        guard number > last, delivery.attempt == 1 else { throw Wrong("\(number) after \(last)") }
        taken[ObjectIdentifier(receiver), default: []].append(number)
      }
    }

    func step(_ generator: inout SeededGenerator) throws {
      switch generator.int(0...19) {
      case 0...5: try offer(&generator)
      case 6...10:
        guard let receiver = world.receivers.randomElement(using: &generator) else { return }
        if receiver.isHere { try take(generator.int(1...30), at: receiver) }
      case 11...14:
        let connection = world.connections.randomElement(using: &generator)
        connection?.link.deliver(toRight: generator.int(0...8), toLeft: generator.int(0...8))
      case 15: world.senders.forEach(world.flush)
      case 16: world.receivers.randomElement(using: &generator).map(world.flush)
      case 17: world.settle()
      case 18: if specification.kind == .broadcast, world.receivers.count < 6 { subscribe() }
      default:
        guard specification.kind == .broadcast, generator.int(0...5) == 0,
          let receiver = world.receivers.filter(\.isHere).randomElement(using: &generator)
        else { return }
        if generator.bool() { receiver.core.close() } else { world.kill(receiver) { 3 } }
      }
      guard world.errors.isEmpty else { throw Wrong("\(world.errors)") }
    }

    func end() throws {
      core.finish()
      var rounds = 0
      while rounds < 10_000, !core.isSettled || world.receivers.contains(where: \.core.hasItems) {
        rounds += 1
        world.settle()
        for receiver in world.receivers where receiver.isHere { try take(.max, at: receiver) }
        for connection in world.connections { connection.link.left.askForReceipt() }
        world.settle()
      }
      let balance = core.balance
      guard core.isSettled else { throw Wrong("stalled: \(balance)") }
      guard balance.sent == offered, balance.acknowledged + balance.dropped == balance.sent else {
        throw Wrong("\(offered) were offered: \(balance)")
      }
      for receiver in world.receivers where receiver.isHere { try checkReceived(by: receiver) }
      guard specification.kind == .broadcast else { return }
      let missed = world.receivers.filter(\.isHere).reduce(0) { $0 + $1.core.missed }
      let allAreHere = world.receivers.allSatisfy(\.isHere)
      guard missed == balance.missed || (!allAreHere && missed < balance.missed) else {
        throw Wrong("missed \(missed): \(balance)")
      }
    }

    private func checkReceived(by receiver: ChannelWorld.ReceiverNode) throws {
      let seen = taken[ObjectIdentifier(receiver)] ?? []
      let first = first[ObjectIdentifier(receiver)] ?? 1
      let dropped = specification.kind == .pipe ? core.balance.dropped : receiver.core.missed
      guard seen.count + Int(dropped) == offered - first + 1 else {
        throw Wrong("\(seen.count) from \(first) to \(offered), \(dropped) left out")
      }
      if dropped == 0, seen != Array(first..<(offered + 1)) { throw Wrong("\(seen)") }
    }
  }

  private static let overflows: [ChannelSpecification.Overflow] = [
    .suspend, .dropOldest(1), .dropOldest(7), .dropNewest(1), .dropNewest(5), .fail(2),
  ]

  @Test(arguments: [ChannelSpecification.Kind.pipe, .broadcast], overflows)
  func everythingComesInOrderOrIsCounted(
    _ kind: ChannelSpecification.Kind, _ overflow: ChannelSpecification.Overflow
  ) async throws {
    let random = SeededGenerator.announced("\(kind), \(overflow)")
    try await withLoop { loop in
      var generator = random
      for _ in 0..<iterations(4) {
        let seed = generator.next()
        var own = SeededGenerator(seed: seed)
        do {
          let walk = Walk(.of(kind, overflow: overflow), on: loop)
          for _ in 0..<(kind == .pipe ? 1 : own.int(1...3)) { walk.subscribe() }
          for _ in 0..<own.int(10...150) { try walk.step(&own) }
          try walk.end()
        } catch {
          Issue.record("seed \(seed): \(error)")
          return
        }
      }
    }
  }

  @Test func aPipeWaitsForItsReceiver() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(.of(.pipe), senders: 1, on: loop)
      var sent = 0
      while try world.senders[0].core.offer([UInt8](repeating: 1, count: 1_000)) { sent += 1 }
      #expect(sent > 10 && sent < 100)
      let receiver = world.addReceiver()
      world.settle()
      var count = 0
      while receiver.core.take() != nil { count += 1 }
      #expect(count == sent)
    }
  }
}
