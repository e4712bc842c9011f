/// The bundled examples.
public enum Examples {
  /// All of them, the one to read first comes first.
  public static let all: [any Example.Type] = [
    Squares.self, Tally.self, Crash.self, Names.self, Tree.self, Ring.self, Broadcast.self,
    Primes.self, MapReduce.self, WordCount.self, Lines.self, Restarts.self, Supervised.self,
  ]
}
