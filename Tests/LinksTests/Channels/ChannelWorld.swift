import ProcessTreeBase
import ProcessTreeRandomTesting
import ProcessTreeWire
import Synchronization

@testable import ProcessTreeLinks

/// What a walk saw that must not be.
struct Wrong: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}

/// Nodes with the ends of one channel, joined in memory as a node's hub joins them.
final class ChannelWorld {
  /// A node with a sender's end.
  final class SenderNode {
    let address: PeerAddress
    let core: SenderCore
    var isDirty = false
    fileprivate var lastFlow: UInt32 = 0

    init(_ number: UInt32, _ specification: ChannelSpecification, on loop: EventLoop) {
      address = node(number)
      core = SenderCore(.of(specification, .sender, UInt64(number)), on: loop)
      core.onDirty = { [unowned self] _ in isDirty = true }
    }
  }

  /// A node with a receiver's end.
  final class ReceiverNode {
    let address: PeerAddress
    let core: ReceiverCore
    var isDirty = false
    var hasDied = false
    /// Where senders read on which item it works.
    let notes = MemoryNotes()
    /// What it has taken and not acknowledged.
    var begun: [ReceiverCore.Delivery] = []

    init(_ number: UInt32, _ specification: ChannelSpecification, on loop: EventLoop) {
      address = node(number)
      core = ReceiverCore(.of(specification, .receiver, UInt64(number)), on: loop)
      core.onDirty = { [unowned self] _ in isDirty = true }
      guard specification.isLeased else { return }
      core.noteWork(in: notes)
    }

    var isHere: Bool { !hasDied && !core.isClosed }
  }

  /// What one sender and one receiver share.
  final class Connection {
    let sender: SenderNode
    let receiver: ReceiverNode
    let link: MemoryLink
    let flow: UInt32
    /// The sender knows where to read what the receiver works on.
    var isAccepted = false

    init(_ sender: SenderNode, _ receiver: ReceiverNode, flow: UInt32) {
      self.sender = sender
      self.receiver = receiver
      self.flow = flow
      link = MemoryLink(sender.address, receiver.address)
    }

    /// The items that the receiver has of the sender, while the sender has the flow.
    var leases: Leases? {
      let core = sender.core
      guard let place = core.place(of: flow, link.left) else { return nil }
      switch core.policy {
      case let policy as WorkPolicy: return policy.leases(of: place)
      case let policy as RequestPolicy: return policy.work.leases(of: place)
      default: return nil
      }
    }
  }

  let specification: ChannelSpecification
  let loop: EventLoop
  private(set) var senders: [SenderNode] = []
  private(set) var receivers: [ReceiverNode] = []
  private(set) var connections: [Connection] = []
  private var lastNode: UInt32 = 0
  /// Called before a sender forgets a receiver, with what that still had.
  var onRemoval: ((Connection, _ died: Bool) -> Void)?
  /// Called with each answer.
  var onReply: (([UInt8]) -> Void)?

  init(_ specification: ChannelSpecification, senders: Int, on loop: EventLoop) {
    self.specification = specification
    self.loop = loop
    for _ in 0..<senders {
      lastNode += 1
      let sender = SenderNode(lastNode, specification, on: loop)
      sender.core.activate()
      self.senders.append(sender)
    }
  }

  // MARK: The home

  /// A receiver comes, and is introduced to every sender.
  @discardableResult
  func addReceiver() -> ReceiverNode {
    lastNode += 1
    let receiver = ReceiverNode(lastNode, specification, on: loop)
    receivers.append(receiver)
    receiver.core.activate()
    for sender in senders { introduce(sender, to: receiver) }
    return receiver
  }

  /// The end of a receiver that comes later: the next, or so many after it.
  func nextReceiver(_ others: UInt32 = 0) -> TicketID {
    ChannelTicket.of(specification, .receiver, UInt64(lastNode + 1 + others)).ticket
  }

  /// A sender's end is over, and so are its flows.
  func endFlows(of core: SenderCore) {
    for connection in connections where connection.sender.core === core {
      core.tellMissed(flow: connection.flow, over: connection.link.left)
      connection.link.left.send(.close(flow: connection.flow))
    }
  }

  private func introduce(_ sender: SenderNode, to receiver: ReceiverNode) {
    sender.lastFlow += 1
    let connection = Connection(sender, receiver, flow: sender.lastFlow)
    connections.append(connection)
    connection.link.right.onFrame = { [unowned self, unowned connection] header, frame in
      receiveOnTheRight(header, frame, connection)
    }
    connection.link.left.onFrame = { [unowned self, unowned connection] header, frame in
      receiveOnTheLeft(header, frame, connection)
    }
    connection.link.left.onConfirmed = { [unowned sender] in sender.isDirty = true }
    connection.link.left.send(
      .open(flow: connection.flow, sender: sender.core.ticket, receiver: receiver.core.ticket))
    sender.core.addFlow(connection.flow, to: receiver.core.ticket, over: connection.link.left)
  }

  /// Frames that an end refused.
  var errors: [String] { connections.flatMap(\.link.errors) + failures }
  private var failures: [String] = []

  // MARK: What a node does

  func flush(_ sender: SenderNode) {
    sender.isDirty = false
    sender.core.flush()
  }

  func flush(_ receiver: ReceiverNode) {
    guard !receiver.hasDied else { return }
    receiver.isDirty = false
    receiver.core.flush()
  }

  /// A node dies; of what it sent to each sender, so many frames still arrive.
  func kill(_ receiver: ReceiverNode, lastWords: () -> Int) {
    receiver.hasDied = true
    for connection in connections where connection.receiver === receiver {
      connection.link.dieOnTheRight(lastWords())
      remove(connection, died: true)
      connection.link.left.close()
    }
    connections.removeAll { $0.receiver === receiver }
  }

  private func remove(_ connection: Connection, died: Bool) {
    onRemoval?(connection, died)
    connection.sender.core.remove(flow: connection.flow, over: connection.link.left, died: died)
  }

  // MARK: Frames

  private func receiveOnTheRight(
    _ header: FlowHeader, _ frame: UnsafeRawBufferPointer, _ connection: Connection
  ) {
    let (core, link) = (connection.receiver.core, connection.link.right)
    do {
      switch header.kind {
      case .items: try core.receive(flow: header.flow, over: link, header: header, frame)
      case .control:
        switch try LinkMessage(frame: frame) {
        case .open(let flow, let sender, _):
          guard !core.isClosed else { return link.send(.leave(flow: flow)) }
          core.open(flow: flow, from: sender, over: link)
          guard specification.isLeased else { return }
          link.send(.accept(flow: flow, page: nil, slot: 0))
        case .recall(let flow, let keeping): core.recall(flow: flow, over: link, keeping: keeping)
        case .missed(let flow, let count): core.noteMissed(count, flow: flow, over: link)
        case .cancel(let flow, let sequence, let isLate):
          core.cancel(flow: flow, over: link, sequence: sequence, isLate: isLate)
        case .close(let flow): core.close(flow: flow, over: link)
        case let other: failures.append("to a receiver: \(other)")
        }
      default: failures.append("to a receiver: \(header)")
      }
    } catch {
      failures.append("\(error)")
    }
  }

  private func receiveOnTheLeft(
    _ header: FlowHeader, _ frame: UnsafeRawBufferPointer, _ connection: Connection
  ) {
    let (core, link) = (connection.sender.core, connection.link.left)
    switch header.kind {
    case .back: core.receiveBack(flow: header.flow, over: link, header: header, frame)
    case .reply:
      let answer = Array(frame.dropFirst(FlowHeader.size))
      core.receiveReply(flow: header.flow, over: link, sequence: header.total, answer)
    case .control:
      switch try? LinkMessage(frame: frame) {
      case .accept(let flow, _, _): accept(flow, connection)
      case .returned(let flow, let first, let last):
        core.receiveReturned(flow: flow, over: link, from: first, through: last)
      case .subscribe(let flow, let topics):
        core.receiveSubscription(flow: flow, over: link, to: topics)
      case .leave: remove(connection, died: false)
      case let other: failures.append("to a sender: \(String(describing: other))")
      }
    default: failures.append("to a sender: \(header)")
    }
  }

  private func accept(_ flow: UInt32, _ connection: Connection) {
    connection.isAccepted = true
    let key = FlowKey.make(sender: connection.sender.core.ticket, flow: flow)
    connection.sender.core.accept(flow: flow, over: connection.link.left) {
      [unowned receiver = connection.receiver] in receiver.notes.read(key)
    }
  }

  /// Whether nothing is under way, and nobody has anything to send.
  var isIdle: Bool {
    connections.allSatisfy(\.link.isIdle) && !senders.contains(where: \.isDirty)
      && !receivers.contains { $0.isDirty && !$0.hasDied }
  }

  /// Delivers and flushes until nothing moves.
  func settle() {
    while !isIdle {
      for sender in senders where sender.isDirty { flush(sender) }
      for receiver in receivers where receiver.isDirty { flush(receiver) }
      for connection in connections { connection.link.deliver() }
    }
  }
}

/// A place for notes that a sender can read, as a node's work page is.
final class MemoryNotes: WorkNotes, @unchecked Sendable {
  private var flow: UInt64 = 0
  private var sequence: UInt64?
  /// A word for each item that began, so that late notes hit no other.
  private var words: [UnsafeMutablePointer<Atomic<UInt64>>] = []

  deinit { for word in words { word.deallocate() } }

  /// The noted flow and sequence.
  var noted: [UInt64]? { sequence.map { [flow, $0] } }

  /// The note of a sender's item.
  func read(_ key: UInt64) -> WorkNote? {
    guard flow == key, let sequence else { return nil }
    let note = words.last?.pointee.load(ordering: .relaxed) ?? 0
    return WorkNote(
      sequence: sequence,
      elementOffset: note == 0 ? nil : UInt32(truncatingIfNeeded: note))
  }

  func begin(flow: UInt64, sequence: UInt64, attempt: UInt8) -> ElementNotes {
    self.flow = flow
    self.sequence = sequence
    let word = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: 1)
    word.initialize(to: Atomic(0))
    words.append(word)
    return ElementNotes(word, tag: 1 << 63, owner: self)
  }

  func end() { sequence = nil }
}

extension ChannelTicket {
  static func of(
    _ specification: ChannelSpecification, _ side: ChannelSide, _ number: UInt64
  ) -> Self {
    Self(
      channel: ChannelID(home: node(0), number: 1), specification: specification, side: side,
      ticket: TicketID(node: .root, number: number), key: 0)
  }
}

extension ReceiverCore.Delivery {
  /// The item.
  var bytes: [UInt8] { Array(frame[range]) }
}
