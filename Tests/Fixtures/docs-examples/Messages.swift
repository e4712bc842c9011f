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
