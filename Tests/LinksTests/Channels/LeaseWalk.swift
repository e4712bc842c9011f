import ProcessTreeBase
import ProcessTreeRandomTesting
import ProcessTreeWire

@testable import ProcessTreeLinks

/// Senders and receivers of a leased channel beside a plain picture of each item's fate.
final class LeaseWalk {
  /// The known fate of an item.
  private struct Fate {
    /// How often its sender took it back from a receiver that had gone.
    var returns = 0
    var lastAttempt = 0
    var kills = 0
    var killers: [String] = []
    /// The elements that its killers had noted.
    var suspects: [Suspect] = []
    /// The receiver that last acknowledged it.
    var doneBy: ChannelWorld.ReceiverNode?
    var isQuarantined = false
    /// The number that each delivery of it bears.
    var name: UInt64?
  }

  private let world: ChannelWorld
  private let specification: ChannelSpecification
  private var fates: [WalkItem: Fate] = [:]
  private var offered: [UInt64]
  private var redelivered: UInt64 = 0
  private var answers: [[UInt8]] = []
  private var problems: [String] = []
  private var isEnding = false
  /// A random choice of tests: the share of items that kill.
  private let poison: Int
  private(set) var deaths = 0
  private(set) var recalls = 0

  init(
    _ specification: ChannelSpecification, poison: Int, on loop: EventLoop,
    _ generator: inout SeededGenerator
  ) {
    self.specification = specification
    self.poison = poison
    world = ChannelWorld(specification, senders: generator.int(1...3), on: loop)
    offered = [UInt64](repeating: 0, count: world.senders.count)
    world.onRemoval = { [unowned self] in noteRemoval($0, died: $1) }
    for _ in 0..<generator.int(0...3) { world.addReceiver() }
  }

  // MARK: Steps

  func step(_ generator: inout SeededGenerator) throws {
    switch generator.int(0...59) {
    case 0...14: try offer(&generator)
    case 15...29: try take(&generator)
    case 30...37: acknowledge(&generator)
    case 38...48: deliver(&generator)
    case 49...53: flush(&generator)
    case 54: if world.receivers.count(where: \.isHere) < 5 { world.addReceiver() }
    case 55: if generator.int(0...2) == 0 { leave(&generator) }
    case 56: if generator.int(0...2) == 0 { kill(here(&generator), &generator) }
    default: world.settle()
    }
    try check()
  }

  private func check() throws {
    guard problems.isEmpty, world.errors.isEmpty else { throw Wrong("\(problems) \(world.errors)") }
    for receiver in world.receivers where receiver.isHere {
      // Noted is the item that was begun last, until it is done.
      let noted = receiver.notes.noted
      guard noted == current[ObjectIdentifier(receiver)] else {
        throw Wrong("noted is \(noted ?? []) and not \(current[ObjectIdentifier(receiver)] ?? [])")
      }
    }
  }

  /// What each receiver has begun last and not done.
  private var current: [ObjectIdentifier: [UInt64]] = [:]

  private func key(_ delivery: ReceiverCore.Delivery) -> [UInt64] {
    [delivery.flow.senderKey, delivery.sequence]
  }

  private func here(_ generator: inout SeededGenerator) -> ChannelWorld.ReceiverNode? {
    world.receivers.filter(\.isHere).randomElement(using: &generator)
  }

  private func offer(_ generator: inout SeededGenerator) throws {
    let index = generator.int(0...world.senders.count - 1)
    let core = world.senders[index].core
    for _ in 0..<generator.int(1...8) {
      let isPoison = generator.int(0...999) < poison
      let item = WalkItem(sender: index, number: Int(offered[index]) + 1, isPoison: isPoison)
      let bytes = item.bytes(padding: randomPadding(&generator))
      do {
        if specification.kind == .service {
          guard try call(item, bytes, by: core) else { return }
        } else {
          guard try core.offer(bytes) else { return }
        }
      } catch .full {
        return
      }
      offered[index] += 1
      fates[item] = Fate()
    }
  }

  /// A call without the task that waits for its answer.
  private func call(
    _ item: WalkItem, _ bytes: [UInt8], by core: SenderCore
  ) throws(LinkError) -> Bool {
    let id = core.takeID()
    core.expectReply(to: id) { [unowned self] result in
      switch result {
      case .success(let answer): answers.append(answer)
      case .failure(LinkError.quarantined(let killers)): quarantined(item, killers)
      case .failure: break
      }
    }
    guard try !core.offer(bytes, call: id) else { return true }
    core.endCall(id, .failure(CancellationError()))
    return false
  }

  private func take(_ generator: inout SeededGenerator) throws {
    guard let receiver = here(&generator) else { return }
    for _ in 0..<generator.int(1...10) {
      guard let delivery = receiver.core.take() else { return }
      let item = try note(delivery)
      receiver.begun.append(delivery)
      current[ObjectIdentifier(receiver)] = key(delivery)
      noteElement(receiver, &generator)
      if item.isPoison { return kill(receiver, &generator) }
    }
  }

  /// Notes an element of any item that the receiver has begun: only that of the last one counts.
  private func noteElement(
    _ receiver: ChannelWorld.ReceiverNode, _ generator: inout SeededGenerator
  ) {
    elements[ObjectIdentifier(receiver)] = nil
    for _ in 0..<generator.int(0...2) {
      let index = generator.int(0...receiver.begun.count - 1)
      let offset = UInt32(generator.int(0...9))
      receiver.begun[index].notes?.note(offset)
      if index == receiver.begun.count - 1 { elements[ObjectIdentifier(receiver)] = offset }
    }
  }

  /// The element of its current item that each receiver has noted last.
  private var elements: [ObjectIdentifier: UInt32] = [:]

  private func note(_ delivery: ReceiverCore.Delivery) throws -> WalkItem {
    let item = try WalkItem(delivery.bytes)
    guard var fate = fates[item] else { throw Wrong("\(item) was never sent") }
    guard !fate.isQuarantined else { throw Wrong("\(item) was quarantined") }
    if let done = fate.doneBy, !done.hasDied { throw Wrong("\(item) was done") }
    let attempt = Int(delivery.attempt)
    guard attempt > fate.lastAttempt, attempt == min(255, fate.returns + 1) else {
      throw Wrong("\(item): attempt \(attempt) after \(fate.lastAttempt), \(fate.returns) returns")
    }
    guard delivery.suspects == fate.suspects else {
      throw Wrong("\(item): suspects \(delivery.suspects), not \(fate.suspects)")
    }
    guard fate.name == nil || fate.name == delivery.number, delivery.number > 0 else {
      throw Wrong("\(item) had another name")
    }
    fate.lastAttempt = attempt
    fate.name = delivery.number
    fates[item] = fate
    return item
  }

  private func acknowledge(_ generator: inout SeededGenerator) {
    guard let receiver = here(&generator) else { return }
    for _ in 0..<generator.int(1...8) where !receiver.begun.isEmpty {
      // In order, or not.
      let index = generator.int(0...2) == 0 ? generator.int(0...receiver.begun.count - 1) : 0
      finish(receiver.begun.remove(at: index), at: receiver)
    }
  }

  private func finish(_ delivery: ReceiverCore.Delivery, at receiver: ChannelWorld.ReceiverNode) {
    if specification.kind == .service {
      receiver.core.reply(Array(delivery.bytes.prefix(6)) + [0, 0, 0, 0], to: delivery)
    } else {
      receiver.core.acknowledge(delivery)
    }
    if current[ObjectIdentifier(receiver)] == key(delivery) {
      current[ObjectIdentifier(receiver)] = nil
    }
    if let item = try? WalkItem(delivery.bytes) { fates[item]?.doneBy = receiver }
  }

  private func deliver(_ generator: inout SeededGenerator) {
    let connection = world.connections.randomElement(using: &generator)
    connection?.link.deliver(toRight: generator.int(0...5), toLeft: generator.int(0...5))
  }

  private func flush(_ generator: inout SeededGenerator) {
    if generator.bool() {
      world.senders.filter(\.isDirty).randomElement(using: &generator).map(world.flush)
    } else {
      world.receivers.filter(\.isDirty).randomElement(using: &generator).map(world.flush)
    }
  }

  private func leave(_ generator: inout SeededGenerator) {
    guard let receiver = here(&generator) else { return }
    receiver.core.close()
    receiver.begun = []
  }

  // MARK: Deaths

  private func kill(
    _ receiver: ChannelWorld.ReceiverNode?, _ generator: inout SeededGenerator
  ) {
    guard let receiver, receiver.isHere else { return }
    deaths += 1
    var copy = generator
    world.kill(receiver) { copy.int(0...6) }
    generator = copy
  }

  /// What a sender is about to take back.
  private func noteRemoval(_ connection: ChannelWorld.Connection, died: Bool) {
    guard let leases = connection.leases, connection.sender.core.phase != .closed(.peerGone) else {
      return
    }
    let name = connection.receiver.address.name
    for lease in leases.all {
      guard let item = try? WalkItem(lease.item.bytes) else { continue }
      fates[item]?.returns += 1
      let isBlamed = died && lease.sequence == blamed(connection, leases)
      if isBlamed {
        fates[item]?.kills += 1
        fates[item]?.killers.append(name)
        if connection.isAccepted, let element = elements[ObjectIdentifier(connection.receiver)] {
          let position = connection.receiver.address.path.positions.last ?? 0
          fates[item]?.suspects.append(Suspect(consumer: position, elementOffset: element))
        }
        guard fates[item]?.kills != Int(specification.attempts) else { continue }
      }
      redelivered += 1
    }
  }

  /// What the receiver worked on; if the sender never learned where to look, its oldest.
  private func blamed(_ connection: ChannelWorld.Connection, _ leases: Leases) -> UInt64? {
    guard connection.isAccepted else { return leases.oldest }
    let key = FlowKey.make(sender: connection.sender.core.ticket, flow: connection.flow)
    guard let current = current[ObjectIdentifier(connection.receiver)], current[0] == key else {
      return nil
    }
    return current[1]
  }

  private func quarantined(_ item: WalkItem, _ killers: [String]) {
    guard let fate = fates[item], fate.killers == killers, fate.kills == specification.attempts
    else { return problems.append("\(item) was quarantined for \(killers)") }
    fates[item]?.isQuarantined = true
  }

  // MARK: The end

  /// Lets everything be processed; throws when something is lost, or nothing moves.
  func end(_ generator: inout SeededGenerator) throws {
    for sender in world.senders { sender.core.finish() }
    var rounds = 0
    while rounds < 20_000, !world.senders.allSatisfy(\.core.isSettled) {
      rounds += 1
      if !world.receivers.contains(where: \.isHere) { world.addReceiver() }
      world.settle()
      try take(&generator)
      for receiver in world.receivers where receiver.isHere {
        while let delivery = receiver.begun.popLast() { finish(delivery, at: receiver) }
      }
      world.settle()
      try check()
    }
    for sender in world.senders where !sender.core.isSettled {
      throw Wrong("stalled: \(sender.core.balance)")
    }
    try checkBalance()
    for (item, fate) in fates where !fate.isQuarantined && fate.doneBy == nil {
      // Dropped items are known by their number alone.
      guard specification.overflow != .suspend else { throw Wrong("\(item) was lost: \(fate)") }
    }
  }

  /// The home reports that no receiver is left, while acknowledgements may be under way.
  func endWithoutReceivers(_ generator: inout SeededGenerator) throws {
    for sender in world.senders { sender.core.close(.peerGone) }
    world.settle()
    while let receiver = world.receivers.first(where: \.isHere) {
      if generator.bool() { receiver.core.close() } else { kill(receiver, &generator) }
      world.settle()
    }
    try checkBalance()
  }

  private func checkBalance() throws {
    guard world.errors.isEmpty else { throw Wrong("\(world.errors)") }
    for (index, sender) in world.senders.enumerated() {
      let balance = sender.core.balance
      for quarantined in sender.core.quarantined {
        self.quarantined(try WalkItem(quarantined.bytes), quarantined.killers.map(\.name))
      }
      let known =
        balance.acknowledged + balance.dropped + balance.quarantined + balance.returned
      guard balance.sent == offered[index], known == balance.sent else {
        throw Wrong("\(offered[index]) were offered: \(balance)")
      }
      let mine = fates.filter { $0.key.sender == index }.values
      guard balance.quarantined == mine.count(where: \.isQuarantined) else {
        throw Wrong("quarantined: \(balance)")
      }
      guard balance.returned > 0 || mine.count(where: { $0.doneBy != nil }) >= balance.acknowledged
      else { throw Wrong("acknowledged without being done: \(balance)") }
      if balance.dropped > 0, specification.overflow == .suspend { throw Wrong("dropped") }
    }
    for (item, fate) in fates where fate.kills >= specification.attempts && !fate.isQuarantined {
      throw Wrong("\(item) was not quarantined")
    }
    guard problems.isEmpty else { throw Wrong("\(problems)") }
    let counted = world.senders.reduce(0) { $0 + $1.core.balance.redelivered }
    guard counted == redelivered else { throw Wrong("redelivered \(counted), not \(redelivered)") }
    for answer in answers { _ = try WalkItem(answer) }
  }
}
