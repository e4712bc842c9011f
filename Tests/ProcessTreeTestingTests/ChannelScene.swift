import ProcessTree
import ProcessTreeRandomTesting

/// A channel between the root and its children, or between children.
///
/// - A task that waits at the channel, as a sender, a receiver or a caller, gets on or gets an
///   error.
/// - As long as no node dies each element arrives as its kind of channel promises, also over
///   connections that break; when one dies, only what the failure explains is missing.
/// - The books of a sender balance.
struct ChannelScene: Scene {
  enum Kind: CaseIterable { case pipe, work, broadcast, droppingBroadcast, topics, service }

  /// What one receiver saw.
  struct Seen: Codable, Sendable {
    var numbers: [Int] = []
    var missed = 0
  }

  struct Produce: NodeProgram {
    var sender: Sender<Int>
    var count: Int

    func run(in node: Node) async throws {
      for number in 0..<count { try await sender.send(number) }
      sender.finish()
      try await sender.join()
    }
  }

  struct Subscribe: NodeProgram {
    var receiver: Receiver<Publication<Int>>
    var topic: String

    func run(in node: Node) async throws -> [Int] {
      try await receiver.subscribe(to: [topic])
      var numbers: [Int] = []
      for try await one in receiver { numbers.append(one.element) }
      return numbers
    }
  }

  struct Consume: NodeProgram {
    var receiver: Receiver<Int>
    /// How long each element takes.
    var milliseconds: Int

    func run(in node: Node) async throws -> Seen {
      var seen = Seen()
      for try await number in receiver {
        seen.numbers.append(number)
        if milliseconds > 0 { try await node.sleep(for: .milliseconds(milliseconds)) }
      }
      seen.missed = try await receiver.missed
      return seen
    }
  }

  struct Serve: NodeProgram {
    var service: Service<Int, Int>
    var milliseconds: Int

    func run(in node: Node) async throws {
      try await service.serve { number in
        if milliseconds > 0 { try await node.sleep(for: .milliseconds(milliseconds)) }
        return 2 * number
      }
    }
  }

  var frames: Int { 100 }
  let kind: Kind
  let items: Int
  let receivers: Int
  let milliseconds: Int
  let prefetch: Int

  init(using random: inout SeededGenerator) {
    kind = Kind.allCases[random.int(0...(Kind.allCases.count - 1))]
    items = random.int(0...40)
    receivers = kind == .pipe ? 1 : random.int(1...4)
    milliseconds = random.int(0...2) == 0 ? random.int(1...50) : 0
    prefetch = random.int(1...10)
  }

  var description: String {
    "\(kind) with \(items) elements, prefetch \(prefetch), \(receivers) receivers of "
      + "\(milliseconds) ms"
  }

  func play(in root: Node, isHarmed: Bool) async throws -> [String] {
    do {
      switch kind {
      case .pipe: return try await pipe(root, isHarmed)
      case .work: return try await work(root, isHarmed)
      case .broadcast: return try await broadcast(root, .suspend, isHarmed)
      case .droppingBroadcast: return try await broadcast(root, .dropOldest(beyond: 5), isHarmed)
      case .topics: return try await topics(root)
      case .service: return try await service(root, isHarmed)
      }
    } catch {
      for child in root.children { _ = try? await child.stop(reason: "the scene is over") }
      return isHarmed ? [] : ["nobody was harmed, and yet: \(error)"]
    }
  }

  private func pipe(_ root: Node, _ isHarmed: Bool) async throws -> [String] {
    let (sender, receiver) = root.makePipe(of: Int.self)
    let producer = try await root.spawn(Produce(sender: sender, count: items))
    let consumer = try await root.spawn(Consume(receiver: receiver, milliseconds: milliseconds))
    let ends = await reports(of: [producer])
    let seen = await reports(of: [consumer])
    let numbers = seen.results.first?.numbers
    if let numbers, numbers != Array(0..<numbers.count) { return ["\(numbers) came"] }
    if let error = (ends.errors + seen.errors).first { throw error }
    return numbers?.count == items ? [] : ["\(numbers ?? []) came of \(items)"]
  }

  private func work(_ root: Node, _ isHarmed: Bool) async throws -> [String] {
    let (sender, receiver) = root.makeChannel(of: Int.self, prefetch: prefetch)
    var consumers: [Child<Seen>] = []
    for _ in 0..<receivers {
      consumers.append(
        try await root.spawn(Consume(receiver: receiver, milliseconds: milliseconds)))
    }
    receiver.close()
    var failure: (any Error)?
    do {
      for number in 0..<items { try await sender.send(number) }
      sender.finish()
      try await sender.join()
    } catch {
      failure = error
      sender.finish()
    }
    let quarantined = try await sender.takeQuarantined().map(\.element)
    let balance = try await sender.balance
    let seen = await reports(of: consumers)
    let numbers = seen.results.flatMap(\.numbers).sorted()
    let settled = balance.acknowledged + balance.dropped + balance.quarantined + balance.returned
    if failure == nil, balance.sent != settled { return ["the books do not balance: \(balance)"] }
    if quarantined.count != balance.quarantined { return ["\(quarantined) of \(balance)"] }
    if let error = seen.errors.first ?? failure { throw error }
    return numbers == Array(0..<items) ? [] : ["\(numbers) came of \(items), \(balance)"]
  }

  private func broadcast(
    _ root: Node, _ overflow: OverflowPolicy, _ isHarmed: Bool
  ) async throws -> [String] {
    let (sender, receiver) = root.makeBroadcast(of: Int.self, overflow: overflow)
    var consumers: [Child<Seen>] = []
    for _ in 0..<receivers {
      consumers.append(
        try await root.spawn(Consume(receiver: receiver, milliseconds: milliseconds)))
    }
    receiver.close()
    var failure: (any Error)?
    do {
      for number in 0..<items { try await sender.send(number) }
    } catch {
      failure = error
    }
    sender.finish()
    let seen = await reports(of: consumers)
    for one in seen.results {
      if one.numbers != Set(one.numbers).sorted() { return ["\(one.numbers) came"] }
      // A node that lives to the end knows of every element.
      if failure == nil, one.numbers.count + one.missed != items { return ["\(one) of \(items)"] }
      if kind == .broadcast, one.missed != 0 { return ["\(one) missed some"] }
    }
    if let error = seen.errors.first ?? failure { throw error }
    return []
  }

  /// Each receiver takes one of three topics, and the last takes all.
  private func topics(_ root: Node) async throws -> [String] {
    let (publisher, subscriber) = root.makeTopics(of: Int.self)
    var consumers: [Child<[Int]>] = []
    for place in 0..<receivers {
      let topic = place + 1 == receivers ? "" : "\(place % 3)"
      consumers.append(try await root.spawn(Subscribe(receiver: subscriber, topic: topic)))
    }
    subscriber.close()
    var failure: (any Error)?
    do {
      for number in 0..<items { try await publisher.publish(number, on: "\(number % 3)/x") }
    } catch {
      failure = error
    }
    publisher.finish()
    for (place, consumer) in consumers.enumerated() {
      guard let numbers = try? await consumer.result else { continue }
      let wanted = (0..<items).filter { place + 1 == receivers || $0 % 3 == place % 3 }
      // A node that lives to the end gets all that was published.
      if failure == nil ? numbers != wanted : !wanted.starts(with: numbers) {
        return ["\(numbers) came of \(wanted)"]
      }
    }
    if let error = await reports(of: consumers).errors.first ?? failure { throw error }
    return []
  }

  private func service(_ root: Node, _ isHarmed: Bool) async throws -> [String] {
    let (client, service) = root.makeService(of: Int.self, returning: Int.self)
    var servers: [Child<Void>] = []
    for _ in 0..<receivers {
      servers.append(try await root.spawn(Serve(service: service, milliseconds: milliseconds)))
    }
    service.close()
    let (flaws, failure) = await withTaskGroup(of: Result<String?, any Error>.self) { group in
      for number in 0..<items {
        group.addTask {
          do {
            let reply = try await client.call(number, timeout: .seconds(3_600))
            return .success(reply == 2 * number ? nil : "\(reply) was replied to \(number)")
          } catch {
            return .failure(error)
          }
        }
      }
      var flaws: [String] = []
      var failure: (any Error)?
      for await result in group {
        switch result {
        case .success(let flaw): flaws += flaw.map { [$0] } ?? []
        case .failure(let error): failure = error
        }
      }
      return (flaws, failure)
    }
    client.finish()
    let ends = await reports(of: servers)
    if let error = failure ?? ends.errors.first, flaws.isEmpty { throw error }
    return flaws
  }

  private func reports<Output: Sendable>(
    of children: [Child<Output>]
  ) async -> (results: [Output], errors: [any Error]) {
    var results: [Output] = []
    var errors: [any Error] = []
    for child in children {
      do { results.append(try await child.result) } catch { errors.append(error) }
    }
    return (results, errors)
  }
}
