import Testing

@testable import Pools

@Suite struct FirstBatchTests {
  private typealias Batch = (id: Int, items: Range<Int>, worker: Int)

  /// A pool of two workers with a call of which 100 inputs are there.
  private func pool(
    _ policy: JobPolicy, _ settings: PoolState<Int>.Settings = .init()
  ) -> PoolState<Int> {
    var state = PoolState<Int>(size: 2, settings: settings)
    let kind = state.makeKind()
    let job = state.open(kind: kind, policy)
    state.submit(100, to: job, at: .zero)
    for worker in state.workers.keys.sorted() { state.workerReady(worker, at: .zero) }
    return state
  }

  /// The batches that are to be sent.
  private func sent(by state: inout PoolState<Int>) -> [Batch] {
    state.takeActions().compactMap { action in
      guard case .send(let id, _, let items, let worker) = action else { return nil }
      return (id, items, worker)
    }
  }

  @Test func ofManyInputsItIsASmallPart() throws {
    var state = pool(JobPolicy(count: 12_800))
    let batches = sent(by: &state)
    #expect(batches.map(\.items) == [0..<100])
    // What a worker has not begun after a while is given out again.
    let first = try #require(batches.first)
    _ = state.reply(
      BatchProgress(done: 1, isLast: true, nanoseconds: 5_000_000), to: first.id,
      from: first.worker, at: .zero)
    #expect(sent(by: &state).first?.items == 1..<2)
  }

  /// Of large inputs few are taken at a time, and no batch and no backlog has more of them.
  @Test func ofLargeInputsItHasAsManyAsAreTakenAtATime() {
    var state = PoolState<Int>(size: 2, settings: .init())
    let job = state.open(kind: state.makeKind(), JobPolicy(count: 131_072))
    #expect(state.demand(of: job) == 4_096)
    state.submit(2, to: job, at: .zero)
    #expect(state.demand(of: job) == 6)
    for worker in state.workers.keys.sorted() { state.workerReady(worker, at: .zero) }
    #expect(sent(by: &state).map(\.items) == [0..<2])
    #expect(state.demand(of: job) == 6)
  }

  @Test func itHasOneInputWhereMoreCouldHarm() {
    for (policy, settings) in [
      (JobPolicy(count: 100), PoolState<Int>.Settings()), (JobPolicy(), .init()),
      (JobPolicy(deadline: .seconds(1), count: 12_800), .init()),
      (JobPolicy(count: 12_800), .init(recycleAfter: 50)),
    ] {
      var state = pool(policy, settings)
      #expect(sent(by: &state).map(\.items) == [0..<1, 1..<2])
    }
  }
}
