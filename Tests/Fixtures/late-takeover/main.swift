import ProcessTree

struct Late: ProcessTreeApp {
  func run(in root: Node) async throws { print("ran") }
}

// What a program should not do: other code runs first, here a task and its threads.
print("before")
_ = await Task.detached { 1 }.value
Late.takeOver()
