import Testing

/// What holds for the package as it lies on disk.
@Suite struct ArchitectureTests {
  private static let code = ["Sources", "Tests", "Examples", "Benchmarks"]

  @Test func targetsImportWhatTheyMayKnow() throws {
    let files = try SourceTree.files(in: ["Sources", "Examples"], endings: [".swift"])
    #expect(files.count > 20, "the sources were not found")
    #expect(ImportRules().violations(in: files) == [])
    #expect(ImportRules().unused(in: files) == [])
  }

  @Test func theRulesAreAboutTargetsThatExist() throws {
    for target in ImportRules().rules.keys where !["ProcessTreeExamples", "crawl"].contains(target)
    {
      #expect(SourceTree.exists("Sources/\(target)"), "\(target)")
    }
    #expect(SourceTree.exists("Examples"))
  }

  /// A user finds what he may call beside the folder of the engine, and nothing of it within.
  @Test func theEngineShowsNothing() throws {
    let files = try SourceTree.files(in: ["Sources/ProcessTree"], endings: [".swift"])
    for file in files {
      let isEngine = file.path.contains("/Engine/")
      let shows = file.lines.contains { $0.contains("public ") && !$0.contains("import ") }
      let exports = file.path.hasSuffix("/Exports.swift")
      #expect(isEngine != shows || exports, "\(file.path)")
    }
  }

  /// A `Mutex` that an ancestor has locked ends the clone in which threads contend for another one.
  @Test func librariesHaveLocksThatMayBeCloned() throws {
    let files = try SourceTree.files(in: ["Sources"], endings: [".swift"])
    for file in files where file.target != "PtreeCommands" {
      let isUsed = file.lines.contains { line in
        line.contains("Mutex") && line.contains(/^(?!\s*\/\/).*\bMutex\b/)
      }
      #expect(!isUsed, "\(file.path): use Lock")
    }
  }

  /// A new code of an error breaks nobody's program: users cannot switch over all of them.
  @Test func codesOfErrorsAreNoPublicEnumerations() throws {
    let files = try SourceTree.files(in: ["Sources"], endings: [".swift"])
    let exhaustive = files.filter { file in
      file.lines.contains { $0.contains(/\bpublic (indirect )?enum Code\b/) }
    }
    #expect(exhaustive.map(\.path) == [])
  }

  /// Debug builds find a task that is resumed twice or never, wherever it waits.
  @Test func tasksWaitByContinuationsThatDebugBuildsCheck() throws {
    let files = try SourceTree.files(in: ["Sources"], endings: [".swift"])
    let unconditional = /\b(with)?(Unsafe|Checked)(Throwing)?Continuation\b/
    let users = files.filter { file in file.lines.contains { $0.contains(unconditional) } }
    #expect(users.map(\.path) == ["Sources/Base/Waiting/TaskContinuation.swift"])
  }

  /// A duration's own components trap where they do not fit, and so does an integer of a quotient.
  @Test func durationsBecomeNumbersWithoutTraps() throws {
    let files = try SourceTree.files(in: ["Sources"], endings: [".swift"])
    let trapping = /\.components\b|\bInt(32|64)?\(.*\/ \.(milli|micro|nano)?seconds\(1\)\)/
    let users = files.filter { file in file.lines.contains { $0.contains(trapping) } }
    #expect(users.map(\.path) == [])
  }

  /// A clock that somebody may set is for observers: no wait depends on it.
  @Test func waitsUseAClockThatNobodySets() throws {
    let files = try SourceTree.files(in: ["Sources"], endings: [".swift", ".c", ".h"])
    let settable = /CLOCK_REALTIME|gettimeofday|\bsem_timedwait|\bNSCondition\b|DispatchWallTime/
    let users = files.filter { file in file.lines.contains { $0.contains(settable) } }
    #expect(users.map(\.path) == ["Sources/Links/Loop/TimerQueue.swift"])
  }

  @Test func cTargetsIncludeTheCLibraryOnly() throws {
    let files = try SourceTree.files(in: ["Sources"], endings: [".c", ".h"])
    #expect(!files.isEmpty)
    #expect(IncludeRules.violations(in: files) == [])
  }

  /// Errors are a part of the contract, and a reader finds them at one place.
  @Test func publicDeclarationsNameTheirErrors() throws {
    let files = try SourceTree.files(in: ["Sources"], endings: [".swift"])
    #expect(DocumentationRules.withoutErrors(in: files) == [])
  }

  @Test func filesAreShort() throws {
    let files = try SourceTree.files(in: Self.code, endings: [".swift", ".c", ".h", ".py", ".sh"])
    #expect(TextRules.tooLong(files) == [])
    let median = TextRules.medianLineCount(files.filter(\.isSwift))
    #expect(median > 0 && median <= TextRules.largestMedian)
  }

  @Test func commentsFitIntoTheColumns() throws {
    let files = try SourceTree.files(in: Self.code, endings: [".swift"])
    #expect(TextRules.wideComments(in: files) == [])
  }

  @Test func nothingIsLeftUnfinished() throws {
    let files = try SourceTree.files(in: Self.code, endings: [".swift", ".c", ".h", ".py", ".sh"])
    #expect(TextRules.unfinishedWork(in: files) == [])
  }

  @Test func linksOfTheDocumentsLeadSomewhere() throws {
    let documents = try Self.documents()
    #expect(documents.count > 10, "the documents were not found")
    let broken = documents.flatMap {
      DocumentRules.brokenLinks(in: $0, exists: SourceTree.exists)
    }
    #expect(broken == [])
  }

  /// A promise has a test, and not only the name of one.
  @Test func testsThatDocumentsNameExist() throws {
    let tests = try SourceTree.files(in: ["Tests"], endings: [".swift"])
    let words = tests.reduce(into: Set<Substring>()) { words, file in
      words.formUnion(file.text.split { !$0.isLetter && !$0.isNumber })
    }
    let unknown = try Self.documents().flatMap {
      DocumentRules.unknownTests(in: $0, words: words)
    }
    #expect(unknown == [])
  }

  /// A journey, or the table of decisions, leads to code and tests that exist.
  @Test func namesOfTheArchitectureExist() throws {
    let files = try SourceTree.files(in: ["Sources", "Tests"], endings: [".swift", ".c", ".h"])
    let words = files.reduce(into: Set<Substring>()) { words, file in
      words.formUnion(file.path[...].split { !$0.isLetter && !$0.isNumber })
      // Comments may name what was there before.
      for line in file.lines where !line.drop(while: \.isWhitespace).hasPrefix("//") {
        words.formUnion(line.split { !$0.isLetter && !$0.isNumber && $0 != "_" })
      }
    }
    let document = try SourceTree.file("Docs/architecture.md")
    #expect(DocumentRules.unknownNames(in: document, words: words) == [])
  }

  /// Decisions are history, and stay as they were written.
  @Test func textFollowsTheStyle() throws {
    let documents = try Self.documents().filter { !$0.path.hasPrefix("Docs/decisions/") }
    let code = try SourceTree.files(in: TextRules.styledFolders, endings: [".swift", ".c", ".h"])
    #expect(code.count > 50, "the sources were not found")
    #expect(TextRules.style(of: documents + code) == [])
  }

  /// Each term has one row and one meaning, and names and messages keep to the terms.
  @Test func oneWordHasOneMeaning() throws {
    let rules = VocabularyRules(try SourceTree.file("Docs/vocabulary.md"))
    #expect(rules.wordCount > 80, "the vocabulary was not found")
    let tool = try SourceTree.files(
      in: ["Sources/PtreeCommands", "Examples"], endings: [".swift"])
    let documents = try Self.documents().filter {
      !$0.path.hasPrefix("Docs/decisions/") && $0.path != "Docs/api.md"
    }
    let texts = (tool + documents).flatMap { rules.violations(inTextsOf: $0) }
    let names = rules.violations(inAPI: try SourceTree.file("Docs/api.md"))
    #expect(rules.violations + names + texts == [])
  }

  private static func documents() throws -> [SourceFile] {
    let front = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"]
    return try SourceTree.files(in: ["Docs"], endings: [".md"])
      + front.filter(SourceTree.exists).map(SourceTree.file)
  }

  @Test func theProtocolNamesEveryKindOfEventAndEverySetting() throws {
    let document = try SourceTree.file("Docs/protocol.md").text
    for (path, keyword) in [
      ("Sources/ProcessTree/Events/LifecycleEvent.swift", "    case "),
      ("Sources/ProcessTree/Engine/Runtime/NodeSettings.swift", "  var "),
    ] {
      let names = try SourceTree.file(path).lines.filter { $0.hasPrefix(keyword) }.map {
        $0.dropFirst(keyword.count).prefix { $0.isLetter || $0.isNumber }
      }
      #expect(names.count > 5, "\(path)")
      for name in names {
        #expect(document.contains("`\(name)`") || document.contains("\"\(name)\""), "\(name)")
      }
    }
  }

  @Test func codeOfTheDocumentsIsCodeOfTheExamples() throws {
    let examples = try SourceTree.files(
      in: [
        "Examples", "Tests/Fixtures/readme-example", "Tests/Fixtures/docs-examples",
        "Tests/ProcessTreeTestingTests",
      ],
      endings: [".swift"])
    let invented = try Self.documents().flatMap {
      DocumentRules.inventedCode(in: $0, sources: examples)
    }
    #expect(invented == [])
  }
}
