import Glibc
import Pipelines
import ProcessTreeScenarios

let failureScenarios: [String: Scenario] = [
  "throwingStage": { root, test in
    let pipeline = Pipeline(Double(), workers: 2)
      .then(ThrowAt(number: 20_000), workers: 2)
      .then(Sum())
    let failure = await test.thrown(PipelineFailure.self) {
      _ = try await root.run(over: 0..<1_000_000_000, using: pipeline)
    }
    test.equal(failure?.stage, 1)
    test.equal(failure?.stageName, "ThrowAt")
    test.expect(failure?.worker.hasPrefix("ThrowAt-") == true, "\(failure?.worker ?? "")")
    test.equal(failure?.input, 10_000)
    guard failure?.code == .thrown, let error = failure?.error else { return test.expect(false) }
    test.equal(error.underlying(as: BadNumber.self), BadNumber(number: 20_000))
    test.equal(root.children.count, 0)
  },
  "throwingStageBehindManyOutputs": { root, test in
    let pipeline = Pipeline(Repeat(), workers: 2).then(ThrowAt(number: 777))
    let failure = await test.thrown(PipelineFailure.self) {
      _ = try await root.run(over: 0..<100_000, using: pipeline)
    }
    test.equal(failure?.input, 777)
  },
  "throwingAtTheEnd": { root, test in
    let failure = await test.thrown(PipelineFailure.self) {
      _ = try await root.run(over: 0..<100, using: Pipeline(Double()).then(ThrowAtTheEnd()))
    }
    test.equal(failure?.stage, 1)
    test.equal(failure?.input, nil)
  },
  "throwingInput": { root, test in
    let inputs = AsyncThrowingStream<Int, any Error> { source in
      for number in 0..<5_000 { source.yield(number) }
      source.finish(throwing: BadNumber(number: 5_000))
    }
    let error = await test.thrown(BadNumber.self) {
      _ = try await root.run(over: inputs, using: Pipeline(Double(), workers: 2).then(Sum()))
    }
    test.equal(error?.number, 5_000)
    test.equal(root.children.count, 0)
  },
  "failureOfAStream": { root, test in
    var outputs: [Int] = []
    let failure = await test.thrown(PipelineFailure.self) {
      for try await output in root.stream(
        over: 0..<1_000_000_000, using: Pipeline(ThrowAt(number: 5_000), workers: 2).inOrder())
      {
        outputs.append(output)
      }
    }
    test.equal(failure?.input, 5_000)
    test.expect(outputs == Array(0..<outputs.count) && outputs.count <= 5_000)
    test.equal(root.children.count, 0)
  },
]
