internal import ProcessTreeWire

/// The sender's decisions for a pipe: every item goes to the one receiver, and nothing is kept.
struct PipePolicy: SenderPolicy {
  private let overflow: ChannelSpecification.Overflow
  private var receivers = 0

  init(_ specification: ChannelSpecification) {
    overflow = specification.overflow
  }

  func hasRoom(_ queue: ItemQueue, _ canSend: (Int) -> Bool) -> Bool {
    queue.hasRoom(overflow, isReady: receivers > 0, isFree: receivers > 0 && canSend(0))
  }

  mutating func next(_ queue: inout ItemQueue, _ canSend: (Int) -> Bool) -> Handout? {
    guard receivers > 0, !queue.isEmpty, canSend(0), let item = queue.popFirst() else { return nil }
    return Handout(item: item, recipients: .one(0))
  }

  mutating func add(_ receiver: TicketID) { receivers += 1 }

  mutating func remove(_ place: Int, _ death: ReceiverDeath?) -> ReturnedItems {
    receivers -= 1
    return ReturnedItems()
  }

  var endsWithReceiver: Bool { true }
  var isSettled: Bool { true }

  mutating func abandon() -> Int { 0 }
}
