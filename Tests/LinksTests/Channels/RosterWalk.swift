import ProcessTreeLinks
import ProcessTreeRandomTesting
import ProcessTreeWire

/// A roster beside a plain picture of who has which end, and the messages that the home must have
/// sent by now.
struct RosterWalk {
  private enum Place: Equatable {
    case held
    case underWay(from: UInt32)
    case member(UInt32)
  }

  private struct End {
    let side: ChannelSide
    var place: Place
    var hop: UInt32 = 0
  }

  private struct Pair: Hashable {
    let sender: TicketID
    let senderNode: UInt32
    let receiver: TicketID
    let receiverNode: UInt32
  }

  private let kind: ChannelSpecification.Kind
  private var roster: ChannelRoster
  private var ends: [TicketID: End] = [:]
  private var dead: Set<UInt32> = []
  private var lastTicket: UInt64 = 2
  private var lastNode: UInt32 = 4
  private var hasEnded = false
  private var haveGone = false
  private var introduced: Set<Pair> = []
  /// The ends to which the home has reported that no sender, or no receiver, is left; and those it
  /// should have.
  private var told: Set<TicketID> = []
  private var expected: [TicketID: Int] = [:]
  private(set) var introductions = 0
  private(set) var refusals = 0

  /// Node 0 is the home.
  init(_ kind: ChannelSpecification.Kind) {
    self.kind = kind
    roster = ChannelRoster(kind)
    for (number, side) in [(1, ChannelSide.sender), (2, .receiver)] as [(UInt64, ChannelSide)] {
      roster.hold(ticket(number), side)
      ends[ticket(number)] = End(side: side, place: .held)
    }
  }

  var isOver: Bool { ends.isEmpty }

  // MARK: Steps

  mutating func step(_ generator: inout SeededGenerator) throws {
    switch generator.int(0...19) {
    case 0...5: try mint(&generator)
    case 6...13: try claim(&generator)
    case 14, 15: try release(&generator)
    case 16: try revoke(&generator)
    case 17: try claimAgain(&generator)
    case 18: try claimUnknown(&generator)
    default: if generator.int(0...3) == 0 { try die(&generator) }
    }
    guard roster.isEmpty == ends.isEmpty else { throw Wrong("empty or not") }
  }

  /// Lets go of everything that is left, one after the other.
  mutating func end(_ generator: inout SeededGenerator) throws {
    while let (ticket, end) = ends.randomElement(using: &generator) {
      if case .underWay = end.place {
        try forget([ticket]) { $0.revoke([ticket]) }
      } else {
        try forget([ticket]) { $0.release([ticket]) }
      }
    }
    guard roster.isEmpty else { throw Wrong("ends are left") }
    guard hasEnded, haveGone else { throw Wrong("an end was not announced") }
  }

  private func random(
    _ generator: inout SeededGenerator, where isMeant: (End) -> Bool
  ) -> (TicketID, End)? {
    ends.filter { isMeant($0.value) }.sorted { $0.key.number < $1.key.number }
      .randomElement(using: &generator).map { ($0.key, $0.value) }
  }

  private func isUnderWay(_ end: End) -> Bool {
    if case .underWay = end.place { return true }
    return false
  }

  private func owner(_ end: End) -> UInt32? {
    switch end.place {
    case .held: 0
    case .member(let node): node
    case .underWay: nil
    }
  }

  /// A node that has an end sends it, or another like it, away.
  private mutating func mint(_ generator: inout SeededGenerator) throws {
    guard let (old, end) = random(&generator, where: { !isUnderWay($0) }), let node = owner(end)
    else { return }
    var sent = old
    if kind != .pipe {
      lastTicket += 1
      sent = ticket(lastTicket, by: node)
    }
    let hop = kind == .pipe ? end.hop + 1 : 0
    ends[sent] = End(side: end.side, place: .underWay(from: node), hop: hop)
    told.remove(sent)
    expected[sent] = nil
    let actions = roster.minted(sent, end.side, hop: hop, by: address(node).path)
    try check(actions, introducing: [])
  }

  private func address(_ number: UInt32) -> PeerAddress { node(number) }

  private mutating func claim(_ generator: inout SeededGenerator) throws {
    guard let (ticket, end) = random(&generator, where: { isUnderWay($0) || $0.place == .held })
    else { return }
    let node: UInt32 = end.place == .held ? 0 : UInt32(generator.int(0...Int(lastNode)))
    guard !dead.contains(node) else { return }
    let opposite = members(end.side == .sender ? .receiver : .sender)
    ends[ticket]?.place = .member(node)
    let pairs = opposite.map { other in
      end.side == .sender
        ? Pair(sender: ticket, senderNode: node, receiver: other.0, receiverNode: other.1)
        : Pair(sender: other.0, senderNode: other.1, receiver: ticket, receiverNode: node)
    }
    let actions = roster.claim(ticket, end.side, hop: end.hop, by: address(node))
    try check(actions, introducing: pairs)
  }

  private mutating func release(_ generator: inout SeededGenerator) throws {
    guard let (ticket, _) = random(&generator, where: { !isUnderWay($0) }) else { return }
    try forget([ticket]) { $0.release([ticket]) }
  }

  /// Some of those named are claimed, or unknown: they stay as they are.
  private mutating func revoke(_ generator: inout SeededGenerator) throws {
    let named = (0..<generator.int(0...3)).compactMap { _ in
      random(&generator, where: { _ in true })?.0
    }
    let lost = Set(named.filter { ends[$0].map(isUnderWay) ?? false })
    try forget(lost) { $0.revoke(named + [ticket(1_000_000)]) }
  }

  /// The same node claims again what it has, or another does.
  private mutating func claimAgain(_ generator: inout SeededGenerator) throws {
    guard let (ticket, end) = random(&generator, where: { !isUnderWay($0) && $0.place != .held }),
      let owner = owner(end)
    else { return }
    let isSame = generator.bool()
    let node = isSame ? owner : lastNode + 1
    let actions = roster.claim(ticket, end.side, hop: end.hop, by: address(node))
    try expectRefusal(!isSame, of: ticket, at: node, actions)
  }

  /// An end that was let go of, or of the other side.
  private mutating func claimUnknown(_ generator: inout SeededGenerator) throws {
    guard let (ticket, end) = random(&generator, where: isUnderWay) else { return }
    let other: ChannelSide = end.side == .sender ? .receiver : .sender
    try expectRefusal(
      true, of: ticket, at: 0, roster.claim(ticket, other, by: address(0)))
  }

  private mutating func expectRefusal(
    _ isRefused: Bool, of ticket: TicketID, at node: UInt32, _ actions: [ChannelRoster.Action]
  ) throws {
    guard isRefused else {
      guard actions.isEmpty else { throw Wrong("claimed twice: \(actions)") }
      return
    }
    guard actions.count == 1, case .refuse(ticket, at: address(node), _) = actions[0] else {
      throw Wrong("not refused: \(actions)")
    }
    refusals += 1
  }

  /// A node dies, with what it has; what it sent away may still arrive.
  private mutating func die(_ generator: inout SeededGenerator) throws {
    let node = UInt32(generator.int(1...Int(lastNode)))
    guard dead.insert(node).inserted else { return }
    lastNode += 1
    let gone = ends.filter { $0.value.place == .member(node) }.map(\.key)
    let gonePlace = address(node)
    try forget(Set(gone)) { $0.nodeGone(gonePlace) }
    guard generator.bool() else { return }
    let lost = Set(ends.filter { $0.value.place == .underWay(from: node) }.map(\.key))
    guard Set(roster.unclaimed(from: address(node).path)) == lost else {
      throw Wrong("unclaimed from \(node)")
    }
    try forget(lost) { $0.revoke(Array(lost)) }
  }

  private mutating func forget(
    _ tickets: Set<TicketID>, _ change: (inout ChannelRoster) -> [ChannelRoster.Action]
  ) throws {
    for ticket in tickets {
      ends[ticket] = nil
      expected[ticket] = nil
    }
    try check(change(&roster), introducing: [])
  }

  private func members(_ side: ChannelSide) -> [(TicketID, UInt32)] {
    ends.compactMap { ticket, end in
      guard end.side == side, case .member(let node) = end.place else { return nil }
      return (ticket, node)
    }
  }

  // MARK: Messages that must have been sent

  private mutating func check(
    _ actions: [ChannelRoster.Action], introducing pairs: [Pair]
  ) throws {
    var missing = Set(pairs)
    for action in actions {
      switch action {
      case .introduce(let sender, let place, let receiver, let other):
        let pair = Pair(
          sender: sender, senderNode: place.path.positions[0], receiver: receiver,
          receiverNode: other.path.positions[0])
        guard missing.remove(pair) != nil else {
          throw Wrong("introduced without reason: \(action)")
        }
        guard kind == .pipe || introduced.insert(pair).inserted else {
          throw Wrong("introduced twice: \(action)")
        }
        introductions += 1
      case .end(let receiver, let place):
        try tell(receiver, at: place, .receiver)
      case .receiversGone(let sender, let place):
        try tell(sender, at: place, .sender)
      case .expecting(let sender, let place, let count, let newest):
        guard kind == .broadcast, ends[sender]?.place == .member(place.path.positions[0]) else {
          throw Wrong("\(action)")
        }
        // The sender goes on when nobody is expected: it must know all who are there by then.
        guard missing.allSatisfy({ $0.sender != sender }) else {
          throw Wrong("expected before introduced: \(actions)")
        }
        expected[sender] = count
        guard newest.map({ ends[$0]?.side == .receiver }) ?? true else {
          throw Wrong("\(action) names none of the receivers")
        }
      case .refuse: throw Wrong("\(action)")
      }
    }
    guard missing.isEmpty else { throw Wrong("not introduced: \(missing)") }
    try checkAnnouncements()
  }

  private mutating func tell(_ ticket: TicketID, at place: PeerAddress, _ side: ChannelSide) throws
  {
    guard let end = ends[ticket], end.side == side,
      end.place == .member(place.path.positions[0]), told.insert(ticket).inserted
    else { throw Wrong("told \(ticket), which is none or was told before") }
  }

  private mutating func checkAnnouncements() throws {
    if !ends.values.contains(where: { $0.side == .sender }) { hasEnded = true }
    if !ends.values.contains(where: { $0.side == .receiver }) { haveGone = true }
    for (side, isDue) in [(ChannelSide.receiver, hasEnded), (.sender, haveGone)] {
      for (ticket, _) in members(side) where told.contains(ticket) != isDue {
        throw Wrong("the end was told \(isDue ? "not" : "early"): \(ticket)")
      }
    }
    guard kind == .broadcast else { return }
    let underWay = ends.values.count { $0.side == .receiver && isUnderWay($0) }
    for (ticket, _) in members(.sender) where expected[ticket] != underWay {
      throw Wrong(
        "\(ticket) expects \(expected[ticket] ?? -1) and not \(underWay) receivers")
    }
  }
}
