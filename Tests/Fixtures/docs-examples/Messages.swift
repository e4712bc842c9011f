import ProcessTree

struct Doubler: NodeProgram {
  func run(in node: Node) async throws {
    guard let parent = node.parent else { return }
    for try await number in try await parent.messages(of: Int.self) {
      try await parent.send(number * 2)
    }
  }
}

func exchangeMessages(_ root: Node) async throws {
  let child = try await root.spawn(Doubler())
  for number in 1...3 { try await child.send(number) }
  try child.finishSending()  // the child's loop ends, and so does its program
  for try await double in try await child.messages(of: Int.self) {
    print(double)  // 2, 4, 6
  }
}

struct WordCounter: NodeProgram {
  var service: Service<String, Int>

  func run(in node: Node) async throws {
    // One request at a time: the state needs no lock.
    try await service.serve(with: [String: Int]()) { counts, word in
      counts[word, default: 0] += 1
      return counts[word, default: 0]
    }
  }
}

func askService(_ root: Node) async throws {
  let (client, service) = root.makeService(of: String.self, returning: Int.self)
  let child = try await root.spawn(WordCounter(service: service))
  service.close()  // the child answers, the root does not
  for word in ["tree", "leaf", "tree"] {
    print(word, try await client.call(word, timeout: .seconds(60)))  // tree 1, leaf 1, tree 2
  }
  client.finish()  // there are no more questions: the service comes to its end
  try await child.join()
}

struct Relay: NodeProgram {
  var service: Service<Int, Int>
  var next: Client<Int, Int>

  func run(in node: Node) async throws {
    try await service.serve { [next] number in
      // The deadline of the request holds for this one too, however far it goes.
      try await next.call(number + 1)
    }
  }
}

struct Slow: NodeProgram {
  var service: Service<Int, Int>

  func run(in node: Node) async throws {
    try await service.serve { number in
      print(node.deadline ?? "no deadline")  // the deadline of 100 ms that / set
      try await node.sleep(for: .seconds(3_600))  // cancelled when the deadline passes
      return number
    }
  }
}

func askInTime(_ root: Node) async throws {
  let (client, first) = root.makeService(of: Int.self, returning: Int.self)
  let (next, second) = root.makeService(of: Int.self, returning: Int.self)
  _ = try await root.spawn(Relay(service: first, next: next))
  _ = try await root.spawn(Slow(service: second))
  for end in [first, second] { end.close() }
  next.finish()
  do {
    _ = try await client.call(1, timeout: .milliseconds(100))
  } catch let error as ProcessTreeError where error.code == .deadlinePassed {
    print(error)  // There was no reply in time: the deadline of 100 ms that / set has passed.
  }
  client.finish()
}

struct Ticker: NodeProgram {
  var prices: Receiver<Publication<Double>>
  var metal: String

  func run(in node: Node) async throws -> Double {
    try await prices.subscribe(to: ["prices/metals/\(metal)"])
    var last = 0.0
    for try await price in prices { last = price.element }
    return last
  }
}

func publishPrices(_ root: Node) async throws {
  let (publisher, subscriber) = root.makeTopics(of: Double.self)
  let child = try await root.spawn(Ticker(prices: subscriber, metal: "gold"))
  subscriber.close()  // the root is no subscriber
  try await publisher.publish(24.5, on: "prices/metals/silver")
  try await publisher.publish(1_871.5, on: "prices/metals/gold")
  publisher.finish()
  print(try await child.result)  // 1871.5
}

func waitForWhateverComes(_ root: Node) async throws {
  enum News {
    case number(Int)
    case ended(ExitReport)
  }
  let child = try await root.spawn(Doubler())
  try await child.send(21)
  try child.finishSending()
  for try await news in root.select([
    .messages(of: try await child.messages(of: Int.self)) { News.number($0) },
    .end(of: child) { .ended($0) },
  ]) {
    switch news {
    case .number(let double): print(double)  // 42
    case .ended(let report): print(report.cause)  // completed
    }
  }
}
