import Glibc
import ProcessTree

/// Sends back what it gets.
struct PipeEcho: NodeProgram {
  var requests: Receiver<[UInt8]>
  var answers: Sender<[UInt8]>

  func run(in node: Node) async throws {
    for try await bytes in requests { try await answers.send(bytes) }
  }
}

/// Sends the numbers from one to `count` and finishes.
struct Producer: NodeProgram {
  var sender: Sender<Int>
  var count: Int

  func run(in node: Node) async throws {
    for number in 1...count { try await sender.send(number) }
  }
}

/// Counts and adds up what comes, each number greater than the one before.
struct Summer: NodeProgram {
  var receiver: Receiver<Int>

  func run(in node: Node) async throws -> [Int] {
    var (count, sum, last) = (0, 0, 0)
    for try await number in receiver {
      guard number > last else { throw HostScenarioError() }
      last = number
      count += 1
      sum += number
    }
    return [count, sum]
  }
}

/// Sends pairs of its number and a count.
struct Giver: NodeProgram {
  var numbers: Sender<[Int]>
  var number: Int
  var count: Int

  init(numbers: Sender<[Int]>, as number: Int, count: Int) {
    self.numbers = numbers
    self.number = number
    self.count = count
  }

  func run(in node: Node) async throws {
    for count in 1...count { try await numbers.send([number, count]) }
    try await numbers.join()
  }
}

/// Returns all that it has taken.
struct Taker: NodeProgram {
  var numbers: Receiver<[Int]>

  func run(in node: Node) async throws -> [[Int]] {
    var taken: [[Int]] = []
    for try await pair in numbers {
      taken.append(pair)
      // So long that others get some.
      usleep(100)
    }
    return taken
  }
}

/// Squares numbers above 0.
struct Squares: NodeProgram {
  var service: Service<Int, Int>

  func run(in node: Node) async throws {
    try await service.serve {
      guard $0 > 0 else { throw HostScenarioError() }
      return $0 * $0
    }
  }
}

/// Adds up squares that others compute.
struct Asker: NodeProgram {
  var client: Client<Int, Int>

  func run(in node: Node) async throws -> Int {
    var sum = 0
    for number in 1...200 { sum += try await client.call(number) }
    return sum
  }
}

/// Counts and adds up what comes of one topic.
struct Reader: NodeProgram {
  var subscriber: Receiver<Publication<Int>>
  var topic: String

  func run(in node: Node) async throws -> [Int] {
    try await subscriber.subscribe(to: [topic])
    try await node.parent?.send(true)
    var (count, sum) = (0, 0)
    for try await publication in subscriber {
      count += 1
      sum += publication.element
    }
    return [count, sum]
  }
}

/// Has a child that counts and adds up what comes.
struct AboveSummer: NodeProgram {
  var below: Summer

  func run(in node: Node) async throws -> [Int] { try await node.spawn(below).result }
}

/// Has a child that sends numbers.
struct AboveProducer: NodeProgram {
  var below: Producer

  func run(in node: Node) async throws { try await node.spawn(below).result }
}

/// Makes a channel between two children of its own, and sends on what comes out of it.
struct Maker: NodeProgram {
  var numbers: Sender<Int>

  func run(in node: Node) async throws {
    let (sender, receiver) = node.makePipe(of: Int.self)
    let producer = try await node.spawn(Producer(sender: sender, count: 100))
    for try await number in receiver { try await numbers.send(number) }
    try await producer.result
  }
}

/// Dies of one of its numbers, of which it takes several at a time.
struct Victim: NodeProgram {
  var numbers: Receiver<Int>
  var poison: Int

  func run(in node: Node) async throws {
    for try await delivery in numbers.deliveries {
      delivery.note(elementOffset: 7)
      if delivery.element == poison { raise(SIGKILL) }
      delivery.acknowledge()
    }
  }
}

/// Reports to its parent when it has a number; returns the last one and its attempt.
struct Holder: NodeProgram {
  var numbers: Receiver<Int>
  var pauses: Bool

  func run(in node: Node) async throws -> [Int] {
    var last: [Int] = []
    for try await delivery in numbers.deliveries {
      last = [delivery.element, delivery.attempt]
      try await node.parent?.send(true)
      if pauses { try await node.sleep(for: .seconds(3_600)) }
      delivery.acknowledge()
    }
    return last
  }
}

extension ExitCause {
  var isHostLoss: Bool { if case .hostLost = self { true } else { false } }
}
