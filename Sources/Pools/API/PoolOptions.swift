public import ProcessTree

/// Settings of a pool that hold for all of its calls.
public struct PoolOptions: Sendable {
  /// An input that so many workers died with, each with nothing else at hand, is given up.
  public var quarantineAfter = 3
  /// A worker is replaced after so many inputs; never without a number.
  public var recycleAfter: Int?
  /// A worker that holds more memory than this after a batch, in bytes, is replaced; none without a
  /// number.
  public var memoryLimit: Int?

  /// The defaults: three deaths, no recycling.
  public init() {}

  func check() throws(PoolError) {
    guard quarantineAfter > 0 else {
      throw .invalidOption("An input is given up after one death at least.")
    }
    guard recycleAfter ?? 1 > 0, memoryLimit ?? 1 > 0 else {
      throw .invalidOption("A worker is recycled after one input, or one byte, at least.")
    }
  }
}

/// Settings of one call of a pool.
public struct CallOptions: Sendable {
  /// Whether and how inputs are tried again whose body throws; not at all without a policy.
  public var retry: RetryPolicy?
  /// How long one input may take, from when it is given to its worker.
  ///
  /// A worker that takes longer is killed and replaced. Inputs with a deadline travel one by one.
  public var deadline: Duration?
  /// How many inputs may be under way at most: taken from the sequence, and their results not yet
  /// handed over.
  ///
  /// Without a number, four batches a worker: four inputs a worker if one takes half a millisecond or
  /// more, and never more than 32,768 a worker.
  public var maximumInFlight: Int?

  /// The defaults: each input once, no deadline.
  public init(
    retry: RetryPolicy? = nil, deadline: Duration? = nil, maximumInFlight: Int? = nil
  ) {
    self.retry = retry
    self.deadline = deadline
    self.maximumInFlight = maximumInFlight
  }

  func check() throws(PoolError) {
    guard maximumInFlight ?? 1 > 0 else {
      throw .invalidOption("At least one input has to be under way.")
    }
    guard deadline ?? .seconds(1) > .zero else {
      throw .invalidOption("A deadline lies ahead.")
    }
    guard retry?.maximumAttempts ?? 1 > 0 else {
      throw .invalidOption("An input is tried at least once.")
    }
  }
}

/// Which failures are tried again, how often and when.
public struct RetryPolicy: Sendable {
  /// How often an input is tried in all.
  public var maximumAttempts: Int
  /// The wait before the second try; each further one is twice as long, less up to a half by chance.
  public var firstDelay: Duration
  /// No wait is longer.
  public var longestDelay: Duration
  /// Whether an error is worth another try; asked in the parent, on any thread.
  public var retries: @Sendable (RemoteFailure) -> Bool

  /// Makes a policy; without a closure every error is tried again.
  public init(
    maximumAttempts: Int = 3, firstDelay: Duration = .milliseconds(100),
    longestDelay: Duration = .seconds(30),
    retries: @escaping @Sendable (RemoteFailure) -> Bool = { _ in true }
  ) {
    self.maximumAttempts = maximumAttempts
    self.firstDelay = firstDelay
    self.longestDelay = longestDelay
    self.retries = retries
  }
}
