public import ProcessTree

/// An item with some weight, so that not too many fit under way.
struct Parcel: Codable, Sendable {
  var number: Int
  var weight = [UInt8](repeating: 0, count: 4_000)
}

/// Receives a part of a broadcast, and the number of elements for which it was too slow.
struct Subscriber: NodeProgram {
  var broadcast: Receiver<Parcel>
  /// How long it spends on each item.
  var pause: Duration

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> BroadcastReport.Share {
    var received = 0
    for try await _ in broadcast {
      received += 1
      if pause > .zero { try await node.sleep(for: pause) }
    }
    return BroadcastReport.Share(
      node: node.name, isSlow: pause > .zero, received: received,
      missed: try await broadcast.missed)
  }
}

/// One broadcast and its subscribers, one of which is slow.
///
/// With `dropOldest` nobody waits for it: what it has no room for is left out for this subscriber,
/// from the oldest on, and counted. With `suspend`, the default, it would hold the sender back.
public struct Broadcast: HostedExample {
  /// What it is run by.
  public static let name = "broadcast"
  /// What it teaches.
  public static let lesson = "every subscriber gets everything; a slow one is told what it missed"

  private let subscribers: Int
  private let items: Int

  /// Makes the example with the number of subscribers, at least 1, and of items.
  public init(subscribers: Int, items: Int) {
    self.subscribers = subscribers
    self.items = items
  }

  /// Sends the items, and adds up who got how many.
  public func run(in root: Node, on hosts: HostPool?) async throws -> BroadcastReport {
    let (sender, receiver) = root.makeBroadcast(of: Parcel.self, overflow: .dropOldest(beyond: 100))
    let shares = try await root.withChildren(
      of: BroadcastReport.Share.self, limit: subscribers
    ) { group in
      for number in 0..<subscribers {
        let pause = Duration.milliseconds(number == 0 ? 2 : 0)
        try await group.spawn(
          Subscriber(broadcast: receiver, pause: pause), on: hosts,
          name: "subscriber-\(number + 1)")
      }
      // The root does not listen itself.
      receiver.close()
      for number in 0..<items {
        try await sender.send(Parcel(number: number))
        // At a pace that is leisurely for all but one.
        if number % 50 == 49 {
          root.report("broadcast: sent", completed: number + 1, total: items)
          try await root.sleep(for: .milliseconds(10))
        }
      }
      sender.finish()
      return try await group.inSpawnOrder()
    }
    // Before the first subscriber was there, only the latest items were kept for it.
    let early = try await sender.balance.dropped
    return BroadcastReport(items: items, early: early, shares: shares)
  }
}
