public import ProcessTree

/// Settings of a pool that hold for all of its calls.
public struct PoolOptions: Sendable {
  /// The number of workers that may die while they work on an input; then it is quarantined.
  public var attempts: Int
  /// After how many inputs a worker is replaced; never if nil.
  public var recycleAfter: Int?
  /// A worker that holds more memory than this after a batch is replaced, in bytes; no limit if
  /// nil.
  public var memoryLimit: Int?
  /// How long after it became ready a worker is replaced, once it has done what it holds; never if
  /// nil.
  public var maximumAge: Duration?
  /// How long a worker may be silent before it is taken for hung and killed; its input is tried
  /// again elsewhere, as after any death.
  ///
  /// A step that suspends is silent while it keeps the worker's event loop from turning. Any other
  /// one is while it works on an input, or on as many as took less than 0.1 ms before. By default
  /// the tree's liveness holds for steps that suspend, and none for others. An initializer that
  /// blocks is silent too: see `Node.withoutLiveness(_:)`.
  public var liveness: Liveness?

  /// Makes settings; the defaults are three attempts, no recycling, and the liveness that the
  /// tree has for the step.
  public init(
    attempts: Int = 3, recycleAfter: Int? = nil, memoryLimit: Int? = nil,
    maximumAge: Duration? = nil, liveness: Liveness? = nil
  ) {
    self.attempts = attempts
    self.recycleAfter = recycleAfter
    self.memoryLimit = memoryLimit
    self.maximumAge = maximumAge
    self.liveness = liveness
  }

  func check() throws(PoolError) {
    guard attempts > 0 else {
      throw PoolError(.invalidOption, "An input has at least one attempt.")
    }
    guard recycleAfter ?? 1 > 0, memoryLimit ?? 1 > 0, maximumAge ?? .seconds(1) > .zero else {
      throw PoolError(
        .invalidOption, "A worker is recycled after at least one input, or byte, or some time.")
    }
  }
}

/// Settings of one call of a pool.
public struct CallOptions: Sendable {
  /// Whether and how inputs whose body throws are tried again; not at all if nil.
  public var retry: RetryPolicy?
  /// How long one input may take, from when its worker gets it.
  ///
  /// A worker that takes longer is killed and replaced. Inputs with a deadline travel one by one.
  public var deadline: Duration?
  /// How many inputs may be under way: taken from the sequence, with results that nobody has taken.
  ///
  /// By default four batches a worker: four inputs a worker if one takes half a millisecond or
  /// more, and never more than 32,768 a worker. Before the first have come back, it is a 16th of
  /// the inputs of a collection, and 4,096 a worker at most.
  public var maximumInFlight: Int?

  /// Makes settings; the defaults are one attempt for each input, and no deadline.
  public init(
    retry: RetryPolicy? = nil, deadline: Duration? = nil, maximumInFlight: Int? = nil
  ) {
    self.retry = retry
    self.deadline = deadline
    self.maximumInFlight = maximumInFlight
  }

  func check() throws(PoolError) {
    guard maximumInFlight ?? 1 > 0 else {
      throw PoolError(.invalidOption, "At least one input has to be under way.")
    }
    guard deadline ?? .seconds(1) > .zero else {
      throw PoolError(.invalidOption, "A deadline lies ahead.")
    }
    guard retry?.attempts ?? 1 > 0 else {
      throw PoolError(.invalidOption, "An input has at least one attempt.")
    }
  }
}

/// Which errors of a body are tried again, how often and when.
public struct RetryPolicy: Sendable {
  /// How many attempts an input has in all.
  public var attempts: Int
  /// The delay before the second attempt; each further one is twice as long, less a random part of
  /// up to a half.
  public var firstDelay: Duration
  /// The longest delay.
  public var longestDelay: Duration
  /// Whether an error is worth another attempt; called in the parent, on any thread.
  public var retries: @Sendable (RemoteFailure) -> Bool

  /// Makes a policy; by default every error is tried again.
  public init(
    attempts: Int = 3, firstDelay: Duration = .milliseconds(100),
    longestDelay: Duration = .seconds(30),
    retries: @escaping @Sendable (RemoteFailure) -> Bool = { _ in true }
  ) {
    self.attempts = attempts
    self.firstDelay = firstDelay
    self.longestDelay = longestDelay
    self.retries = retries
  }
}
