import Pipelines
import ProcessTree
import ProcessTreeRandomTesting

/// A run of a pipeline of one to three stages.
///
/// - It returns, or throws for a reason that its history has.
/// - Each input has its output, once; in order where that was asked for.
struct PipelineScene: Scene {
  struct AddOne: Transform {
    func callAsFunction(_ input: Int) -> Int { input + 1 }
  }

  struct Refuse: Transform {
    var refused: Int?
    struct Refused: Error, Codable {}

    func callAsFunction(_ input: Int) throws -> Int {
      if input == refused { throw Refused() }
      return input
    }
  }

  var frames: Int { 200 }
  let inputs: Int
  let stages: Int
  let workers: Int
  let isOrdered: Bool
  let refused: Int?

  init(using random: inout SeededGenerator) {
    inputs = random.int(0...60)
    stages = random.int(1...3)
    workers = random.int(1...3)
    isOrdered = random.bool()
    refused = random.int(0...5) == 0 ? random.int(0...60) : nil
  }

  var description: String {
    "\(inputs) inputs, \(stages) stages of \(workers), in order: \(isOrdered), "
      + "refused: \(refused.map(String.init) ?? "none")"
  }

  func play(in root: Node, isHarmed: Bool) async throws -> [String] {
    var pipeline = Pipeline(Refuse(refused: refused), workers: workers)
    for _ in 1..<stages { pipeline = pipeline.then(AddOne(), workers: workers) }
    if isOrdered { pipeline = pipeline.inOrder() }
    do {
      let outputs = try await root.run(over: 0..<inputs, using: pipeline)
      let expected = (0..<inputs).map { $0 + stages - 1 }
      let isRight = isOrdered ? outputs == expected : outputs.sorted() == expected
      let wasRefused = refused.map { $0 < inputs } ?? false
      return isRight && !wasRefused ? [] : ["\(outputs) came of \(inputs) inputs"]
    } catch {
      let isExplained = isHarmed || refused.map { $0 < inputs } ?? false
      return isExplained ? [] : ["nothing explains \(error)"]
    }
  }
}
