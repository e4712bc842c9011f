import ProcessTree

struct Square: NodeProgram {
  var number: Int
  func run(in node: Node) async throws -> Int { number * number }
}

@main
struct Fixture: ProcessTreeApp {
  func run(in root: Node) async throws {
    let child = try await root.spawn(Square(number: 12))
    print(child.name, try await child.result)
  }
}
