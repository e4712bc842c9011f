internal import ProcessTreeWire

/// The sender's decisions for a service: requests are items of a work channel, and callers wait for
/// the replies.
struct RequestPolicy: SenderPolicy {
  private(set) var work: WorkPolicy
  /// The calls whose callers wait.
  private var waiting: Set<UInt64> = []

  init(_ specification: ChannelSpecification) {
    work = WorkPolicy(specification)
  }

  func hasRoom(_ queue: ItemQueue, _ canSend: (Int) -> Bool) -> Bool {
    work.hasRoom(queue, canSend)
  }

  mutating func next(_ queue: inout ItemQueue, _ canSend: (Int) -> Bool) -> Handout? {
    work.next(&queue, canSend)
  }

  mutating func add(_ receiver: TicketID) { work.add(receiver) }

  mutating func remove(_ place: Int, _ death: ReceiverDeath?) -> ReturnedItems {
    withoutUnwanted(work.remove(place, death))
  }

  var isSettled: Bool { work.isSettled && waiting.isEmpty }

  mutating func abandon() -> Int {
    waiting = []
    return work.abandon()
  }

  mutating func accept(_ place: Int, isReadable: Bool) {
    work.accept(place, isReadable: isReadable)
  }

  mutating func acknowledge(_ place: Int, below: UInt64, above: [UInt64]) -> Int {
    work.acknowledge(place, below: below, above: above)
  }

  mutating func reply(_ place: Int, to sequence: UInt64) -> PendingItem? {
    let item = work.reply(place, to: sequence)
    if let call = item?.call { waiting.remove(call) }
    return item
  }

  mutating func takeBack(_ place: Int, from first: UInt64, through last: UInt64) -> ReturnedItems {
    withoutUnwanted(work.takeBack(place, from: first, through: last))
  }

  mutating func recall(_ canSend: (Int) -> Bool) -> (place: Int, keeping: Int)? {
    work.recall(canSend)
  }

  mutating func drain(_ place: Int) { work.drain(place) }

  mutating func expectReply(to call: UInt64) { waiting.insert(call) }

  mutating func cancel(_ call: UInt64) -> (place: Int, sequence: UInt64)? {
    guard waiting.remove(call) != nil else { return nil }
    return work.place(ofCall: call)
  }

  /// A request that came back after its caller was cancelled goes to nobody else.
  private mutating func withoutUnwanted(_ returned: ReturnedItems) -> ReturnedItems {
    var back = returned
    back.again.removeAll { item in item.call.map { !waiting.contains($0) } ?? false }
    back.unwanted = returned.again.count - back.again.count
    for item in back.quarantined { if let call = item.call { waiting.remove(call) } }
    return back
  }
}
