import PtreeCommands

/// Small programs for every kind of channel, and one that cannot be found by its name.
@main
struct App: PtreeApp {
  static let catalog = Catalog(
    programs: [Ask.self, Answer.self, Say.self, Hear.self, Echo.self, Hidden.self, Hold.self],
    stages: [Sum.self, Spin.self])
}

struct Ask: NodeProgram {
  var words: [String]
  var lengths: Client<String, Int>

  func run(in node: Node) async throws {
    for word in words { print(word, try await lengths.call(word)) }
  }
}

struct Answer: NodeProgram {
  var lengths: Service<String, Int>

  func run(in node: Node) async throws {
    node.announceUp()
    try await lengths.serve { $0.count }
  }
}

struct Say: NodeProgram {
  var words: [String]
  var to: Sender<String>

  func run(in node: Node) async throws {
    try await to.send(contentsOf: words)
    try await to.join()
  }
}

struct Hear: NodeProgram {
  var from: Receiver<String>

  func run(in node: Node) async throws {
    var iterator = from.makeAsyncIterator()
    node.announceUp()
    while let word = try await iterator.next() { print("heard", word) }
  }
}

struct Echo: NodeProgram {
  enum Case: String, Codable, CaseIterable {
    case upper, lower
  }

  var text: String
  var number: Int
  var letters: Case?

  func run(in node: Node) async throws {
    print(letters == .upper ? text.uppercased() : text, number)
  }
}

private struct Hidden: NodeProgram {
  var text: String

  func run(in node: Node) async throws { print("hidden", text) }
}

struct Hold: NodeProgram {
  func run(in node: Node) async throws { try await node.sleep(for: .seconds(600)) }
}

/// Passes words on, but for one amid which it computes without end.
struct Spin: Transform {
  func callAsFunction(_ word: String) -> String {
    while word == "hang" {}
    return word
  }
}

/// Adds numbers up; its state is no argument.
struct Sum: Stage {
  var start: Int
  private var sum = 0

  private enum CodingKeys: CodingKey {
    case start
  }

  mutating func process(_ number: Int, emit: (Int) throws -> Void) { sum += number }

  func finish(emit: (Int) throws -> Void) throws { try emit(start + sum) }
}
