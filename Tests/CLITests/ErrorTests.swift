import ArgumentParser
import CLI
import Foundation
import TestSupport
import Testing

/// What people are told of errors, by the command lines that lead there.
@Suite("Errors", .serialized)
struct ErrorTests {
  /// A folder with runs of several kinds, data and files that are none.
  private nonisolated(unsafe) static let place = Result { () throws -> Scratch in
    let folder = Scratch()
    let small = ["--dimension", "8", "--pmf-epochs", "4", "--device", "cpu"]
    let agent = small + ["--steps", "200", "--batch-size", "16", "--learning-starts", "50"]
    for words in [
      Tiny.train("d"), Tiny.train("lat", "--split", "latest"),
      Tiny.train("none", "--split", "none"),
      Tiny.train("d2", data: "generated:tiny:2"), Tiny.train("grp", "--seeds", "2"),
      ["train", "pmf", "--run", "p", "--data", "generated:tiny"] + small,
      ["train", "q", "--run", "q", "--env", "cliff", "--steps", "300"],
      ["train", "multi-q", "--run", "m", "--data", "generated:tiny"],
      ["train", "dqn", "--run", "n", "--data", "generated:tiny", "--no-myopic"] + agent,
      ["train", "dqn", "--run", "nt", "--env", "cliff", "--steps", "200", "--device", "cpu"],
      Tiny.gan + ["--run", "g", "--device", "cpu"],
      ["bandit", "--rounds", "100", "--seeds", "2", "--run", "b"],
      ["bandit", "--rounds", "100", "--seeds", "1", "--policy", "ucb1", "--out", "b.csv"],
      ["data", "generate", "tiny", "gen"], ["export", "model", "d", "model", "--device", "cpu"],
    ] {
      let outcome = try Program.run(words, in: folder)
      guard outcome.code == 0 else { throw Failure(description: outcome.description) }
    }
    for (name, text) in [
      ("notes.txt", "notes\n"), ("a.json", "{\"a\": 1}\n"), ("damaged/config.json", "{\n"),
      ("log.csv", "action,reward,propensity\n0,1,0.5\n1,0,0.5\n"),
      ("shop.csv", "buyer,sku,type\n1,2,view\n,2,view\n"),
      ("odd.json", "{\"u\":1,\"i\":2}\n{\"u\":1\n"), ("two/a.csv", "userId,itemId,rating\n1,2,3\n"),
      ("two/b.tsv", "1\t2\t3\t4\n"), ("a.gz", "no gzip"), ("a.tar", "no tar"),
      ("log.dsjson", "{\"a\":[1,2]}\n"),
      ("logbad.csv", "action,reward,propensity\n0,1,2\n"), ("loghead.csv", "a,b\n0,1\n"),
      ("space.yaml", "train: dqn\nenv: cliff\nsteps: 2000\nsearch:\n  hidden: [4, 8]\n"),
      ("bad-space.yaml", "train: dqx\nenv: cliff\n"),
    ] { try folder.write(name, text) }
    try FileManager.default.createDirectory(
      atPath: folder.path + "/empty", withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: folder.path + "/d", toPath: folder.path + "/cut")
    truncate(folder.path + "/cut/pmf.safetensors", 100)
    return folder
  }

  private static func outcome(_ line: String) throws -> Outcome {
    let words = line.split(separator: " ").map { $0 == "''" ? "" : String($0) }
    return try Program.run(words, in: place.get(), asGiven: true)
  }

  /// Of what was printed, the sentence.
  private static func sentence(_ outcome: Outcome) -> Substring {
    let line = outcome.error.split(separator: "\n").first { $0.hasPrefix("Error: ") } ?? ""
    return line.dropFirst("Error: ".count)
  }

  @Test("the sentence says what was typed, what is wrong and what to do")
  func sentences() throws {
    for (line, expected) in ErrorLines.sentences {
      // How long a header is depends on the name of the processor in it.
      let found = try Self.sentence(Self.outcome(line)).replacing(/end at byte \d+/) { _ in
        "end at byte N"
      }
      #expect(found == expected, "\(line)")
    }
  }

  /// How the usage of the command that a line names begins.
  private static func usage(_ line: String) -> String {
    var (command, usage): (any ParsableCommand.Type, String) = (DRRCommand.self, "Usage: drr")
    for word in line.split(separator: " ") {
      let next = command.configuration.subcommands.first { $0._commandName == word }
      guard let next else { break }
      command = next
      usage += " \(word)"
    }
    return usage + " "
  }

  /// Words of the program alone, which nobody typed.
  private static let privateWords = [
    " share is", "twin", "cloning", "capacity", "Error(", "Optional", "./", "/proc/",
  ]

  @Test("every error is one sentence with a remedy that can be followed", arguments: ErrorLines.all)
  func rules(_ line: String) throws {
    let outcome = try Self.outcome(line)
    let sentence = Self.sentence(outcome)
    #expect(outcome.code == 1 || outcome.code == 64, "\(outcome.description)")
    #expect(outcome.output == "")
    #expect(!sentence.isEmpty, "\(outcome.description)")
    // A device that was looked for is named before.
    let lines = outcome.error.split(separator: "\n")
    #expect(
      !lines.contains { $0.hasPrefix("device: ") } || Self.late.contains(line), "\(outcome.error)")
    // Below the sentence there is the usage of the command that was typed, or nothing.
    if outcome.code == 64 {
      #expect(lines.contains { $0.hasPrefix(Self.usage(line)) }, "\(outcome.error)")
      #expect(lines.last?.hasSuffix("--help' for more information.") == true, "\(outcome.error)")
    } else {
      #expect(lines.last?.hasPrefix("Error: ") == true, "\(outcome.error)")
    }
    #expect(sentence.contains("; "), "no remedy: \(sentence)")
    #expect(sentence.firstMatch(of: /[.!] [A-Z]/) == nil, "two sentences: \(sentence)")
    #expect(try !sentence.contains(Self.place.get().path) && !sentence.contains("/tmp/"))
    #expect(sentence.firstMatch(of: /(agent|evaluation)\.[a-z]/) == nil, "\(sentence)")
    for word in Self.privateWords { #expect(!sentence.contains(word), "\(word): \(sentence)") }
    for remedy in sentence.matches(of: /`drr ([^`]+)`/) {
      let words = remedy.1.split(separator: " ").map(String.init)
      do {
        _ = try DRRCommand.parseAsRoot(words)
      } catch {
        // Help is asked for by an error too.
        #expect(
          DRRCommand.exitCode(for: error) == .success,
          "\(remedy.0): \(DRRCommand.fullMessage(for: error))")
      }
    }
  }

  /// What only the work itself shows.
  private static let late: Set = [
    "compare --run lat --against popularty", "compare --run lat --against xxxxxxxx",
  ]

}

/// Command lines that lead to errors.
enum ErrorLines {
  /// With what is said of them.
  static let sentences: [(String, String)] = [
    (
      "trian drr",
      "trian is no command; did you mean train?"
    ),
    (
      "train drx",
      "drx is no command; did you mean drr?"
    ),
    (
      "train drr --no-such-option",
      "--no-such-option is no option of drr train drr; `drr train drr --help` lists them"
    ),
    (
      "train drr --hiden 3",
      "--hiden is no option of drr train drr; did you mean --hidden?"
    ),
    (
      "train drr --steps",
      "--steps has no value; give it a whole number"
    ),
    (
      "train drr --steps many",
      "--steps is many; it must be a whole number"
    ),
    (
      "train drr extra",
      "extra belongs to no option; write --run extra if it is a run, or leave it out"
    ),
    (
      "train drr --state avr",
      "--state is avr; it must be one of p, u, ave, att, items, gru or gru-rewards; the nearest is "
        + "ave"
    ),
    (
      "train drr --split latst",
      "--split is latst; it must be one of users, rows, time, latest, sessions or none; "
        + "the nearest is latest"
    ),
    (
      "train drr --device gpu",
      "--device is gpu; it must be one of auto, cpu, opencl or opencl:P:D; the nearest is "
        + "opencl"
    ),
    (
      "train drr --actor-learning-rate -1",
      "--actor-learning-rate has no value; write one that begins with a dash as "
        + "--actor-learning-rate=-1"
    ),
    (
      "train drr --cutoffs 0",
      "--cutoffs is 0; it must be whole numbers of at least 1, as 5,10"
    ),
    (
      "train drr --pmf-start uniform",
      "--pmf-start is uniform; it must be uniform:WIDTH or normal:DEVIATION, as uniform:0.1"
    ),
    (
      "train drr --rating-range 5,1",
      "--rating-range is 5,1; it must be the lowest and the highest rating, within a million of 0, "
        + "as 1,5"
    ),
    (
      "train drr --myopic --no-myopic",
      "--myopic and --no-myopic exclude each other; leave one of them out."
    ),
    (
      "train drr --batch 3 --batch-size 4",
      "--batch and --batch-size are one option; leave one of them out."
    ),
    (
      "train drr --steps 100 --steps 200",
      "--steps is given twice, as 100 and 200; leave one of them."
    ),
    (
      "train drr --data ml-100k.zip",
      "ml-100k.zip: no such file or folder; name one that is there, or use generated:small"
    ),
    (
      "train drr --data gem",
      "gem: no such file or folder; did you mean gen?"
    ),
    (
      "train drr --data generated:smal",
      "generated data \"generated:smal\" is unknown, expected generated:SIZE or "
        + "generated:SIZE:SEED with SIZE one of tiny, small, medium, large and SEED a whole "
        + "number; did you mean generated:small?"
    ),
    (
      "train drr --run q",
      "q is a Q-learning run; go on with it by `drr train q --run q`, or name another --run"
    ),
    (
      "train drr --run d --steps 100",
      "d: the run was started with --steps 300, not 100; name another --run, or start "
        + "again with --fresh"
    ),
    (
      "train drr --run d --data generated:tiny:2",
      "d: the run was started with other data, of checksum 5ad660ab, not 979b157a; name "
        + "another --run, or start again with --fresh"
    ),
    (
      "train drr --dimension 0 --data generated:tiny --run new",
      "--dimension is 0; it must be 1 ... 4096"
    ),
    (
      "train drr --batch-size 201 --buffer-size 200 --data generated:tiny --run new",
      "--buffer-size is 200; it must be at least a batch"
    ),
    (
      "train drr --test-fraction 0.001 --data generated:tiny --run new",
      "--test-fraction is 0.001, which splits 50 users into 45 to train on, 5 to validate "
        + "on and 0 to test on; each must be 1 or more, or --validation-fraction 0"
    ),
    (
      "train multi-q --genres clusters --table Drama --data generated:tiny --run new",
      "--table: tables name genres, and with genres clusters there are none; leave --table "
        + "out"
    ),
    (
      "train irecgan --policy mixx --env tabular --run new",
      "--policy is mixx; it must be one of random, max, mix, blind, optimal; the nearest "
        + "is mix"
    ),
    (
      "train irecgan --method pg --all-methods",
      "--method and --all-methods exclude each other; leave one of them out."
    ),
    (
      "train dqn --env cliff --data generated:tiny",
      "--data is an option of ratings, and --env cliff has none; leave it out."
    ),
    (
      "train pg --method a2c --data generated:tiny --run new",
      "--method is a2c, which learns nothing from a log's choices; it must be reinforce"
    ),
    (
      "train ddpg --weights nothing --run new",
      "cannot read nothing: No such file or directory; name a file that is there"
    ),
    (
      "evaluate",
      "runs/default: no run was started there; use `drr train drr --run runs/default`"
    ),
    (
      "evaluate --data generated:tiny",
      "runs/default: no run was started there; use `drr train drr --data generated:tiny "
        + "--run runs/default`"
    ),
    (
      "evaluate --run latt",
      "latt: no run was started there; use `drr train drr --run latt`, or did you mean lat?"
    ),
    (
      "evaluate --run notes.txt",
      "notes.txt holds no run; `drr runs` lists those that there are"
    ),
    (
      "evaluate --run damaged",
      "damaged/config.json: not the configuration of a run: it is not JSON; put it back "
        + "from a copy, or start again with --fresh"
    ),
    (
      "evaluate --run cut",
      "cut/pmf.safetensors: not a valid safetensors file: the header should end at byte "
        + "N, but the file has 100; put the whole file back, or train anew by `drr train "
        + "drr --run cut --fresh`"
    ),
    (
      "evaluate --run p",
      "p: no agent has been trained in this run; use `drr train drr --run p`"
    ),
    (
      "evaluate --run m",
      "m is a run of multi-table Q-learning; use `drr compare --run m` or `drr recommend "
        + "--user ID --run m`"
    ),
    (
      "evaluate --run none",
      "nothing was held out (--split none): every rating has been trained on, and none is "
        + "left to evaluate on; train a run with another --split"
    ),
    (
      "evaluate --run model",
      "model is an exported model and no run; use `drr recommend --model model --user ID`"
    ),
    (
      "evaluate --run d --lists no/where.csv",
      "--lists is no/where.csv, but there is no folder no; make it, or name another file."
    ),
    (
      "evaluate --run d --format mrkdown",
      "--format is mrkdown; it must be one of text, markdown, latex or csv; the nearest is "
        + "markdown"
    ),
    (
      "evaluate irecgan --run d",
      "d is a DRR run; use `drr evaluate --run d` or `drr compare --run d` or `drr "
        + "recommend --user ID --run d`"
    ),
    (
      "compare --run lat --against popularty",
      "--against is popularty, which is no row; name one of random, popularity, item mean "
        + "(damped), first-order Markov, windowed Markov, co-occurrence kNN, PMF, PMF (no "
        + "biases), oracle, DRR-ave; the nearest is popularity."
    ),
    (
      "compare --run lat --run d",
      "d was trained with --split users, lat with latest; one table needs the same split"
    ),
    (
      "simulate world interest-evolution --run d",
      "d is a DRR run; use `drr evaluate --run d` or `drr compare --run d` or `drr "
        + "recommend --user ID --run d`"
    ),
    (
      "recommend --run d --user 51",
      "user 51 is not in generated-tiny, which has 50 users; name one of them, or what "
        + "somebody new rated by --rated"
    ),
    (
      "recommend --run d --liked zzz",
      "zzz: generated-tiny has no item of that id or title; name it by its id, or by a "
        + "part of its title"
    ),
    (
      "recommend --run q --user 3",
      "q is a Q-learning run, which recommends no items; use `drr train q --show --run q`"
    ),
    (
      "export model d",
      "FOLDER is missing; give it, as in `drr export model runs/first models/first`"
    ),
    (
      "report d --out no/where.html",
      "--out is no/where.html, but there is no folder no; make it, or name another file."
    ),
    (
      "config schema dqx",
      "ALGORITHM is dqx; it must be one of pmf, drr, residual, planner, irecgan, q, sarsa-lambda, "
        + "multi-q, dqn, pg, gru, ddpg or slateq; the nearest is dqn."
    ),
    (
      "search --space bad-space.yaml",
      "bad-space.yaml:1: \"train:\" is dqx; it must be one of drr, residual, planner, q, "
        + "sarsa-lambda, dqn, pg, gru, ddpg or slateq; the nearest is dqn"
    ),
    (
      "search --space space.yaml --rounds 9",
      "space.yaml: --rounds is 9, and the steps are too few to be cut; write a line "
        + "\"steps: N\" of 6,561 or more, or lower --rounds"
    ),
    (
      "bandit --policy ucb",
      "--policy is \"ucb\"; it must be one of random, exploit[:PULLS], epsilon[:RATE], "
        + "epsilon-decay[:C[:GAP]], softmax[:TEMPERATURE], softmax-decay[:TEMPERATURE], ucb1, "
        + "kl-ucb, kl-ucb-plain, thompson, thompson-normal; the nearest is ucb1"
    ),
    (
      "bandit --arms 2",
      "--arms: the mean of arm 1 is 2.0; it must be from 0 to 1"
    ),
    (
      "bandit ads --rates 0.1 --payments 1,2",
      "--payments: the number of payments is 2; it must be 1, one an ad"
    ),
    (
      "ope --data loghead.csv",
      "loghead.csv, line 1: no column action in \"a,b\", expected the action that was "
        + "taken; mend it"
    ),
    (
      "ope --data log.csv --out d",
      "--out d holds a training run; name another folder for the report."
    ),
    (
      "data generate huge out",
      "the size is huge; it must be one of tiny, small, medium or large"
    ),
    (
      "train drr --data shop.csv",
      "shop.csv: no known ratings layout, its first line is \"buyer,sku,type\"; name its columns, as "
        + "`drr data import shop.csv --out FOLDER --user-column buyer --item-column sku "
        + "--event-column type --event-ratings view=1,buy=5`"
    ),
    (
      "data import shop.csv new --user-column 1 --item-column 2 --rating-column none",
      "shop.csv, line 3: user is empty; mend it, or add --missing skip"
    ),
    (
      "data describe shop.csv --user-column buyer --item-column sku --event-column type "
        + "--event-ratings buy=1",
      "shop.csv, line 2: the event \"view\", expected one of buy; name the others in --event-ratings "
        + "too"
    ),
    (
      "data describe shop.csv --user-column customer --item-column sku --rating-column none",
      "shop.csv, line 1: no column \"customer\" for the user in \"buyer,sku,type\", expected one of "
        + "its names, or a number from 1 on; mend it"
    ),
    (
      "data describe gen --kcore 999999",
      "the least number of ratings is 999999, expected one that some users and items of gen have; "
        + "change it"
    ),
    (
      "data describe gen --rating-column rating --event-column type",
      "--rating-column and --event-column both say what the ratings are; leave one of them out."
    ),
    (
      "train drr --data two",
      "two: tables of 2 layouts, a.csv, b.tsv, expected one; name the file that is meant, or import "
        + "it by `drr data import two --out FOLDER --file a.csv`"
    ),
    (
      "ope --data log.dsjson",
      "log.dsjson, line 1: no _label_cost, expected a number; mend it"
    ),
    (
      "ope --data notes.txt",
      "notes.txt, line 1: \"notes\", expected \"example ID: ...\" or \"ID |l COST |p INVERSE |f "
        + "...\", as Criteo's counterfactual data begin; mend it"
    ),
    (
      "data import gen gen",
      "gen is what is read, and would be replaced; name another folder."
    ),
    (
      "bench compare nothing nothing2",
      "nothing: no such file; name what --json of a command printed"
    ),
    (
      "help nothing",
      "nothing is no command; `drr --help` lists them"
    ),
    (
      "train drr --log-level inf",
      "--log-level is inf; it must be one of debug, info, warning, error; the nearest is "
        + "info."
    ),
  ]

  static let all: [String] = sentences.map { $0.0 } + others

  private static let others = """
    train drr --steps 1.5
    train drr --steps 0
    train drr -q
    train drr --split people
    train drr --env pmff
    train drr --device foo
    train drr --checkpoint bst
    train drr --data gen/nothing
    train drr --data generated:huge
    train drr --data generated:tiny:x
    train drr --data notes.txt
    train drr --data b.csv
    train drr --data odd.json
    train drr --data a.gz
    train drr --data a.tar
    data describe odd.json --user-column u --item-column i --rating-column none
    data describe shop.csv --separator ; --user-column 1 --item-column 2
    data describe shop.csv --separator x
    data describe shop.csv --user-column none
    data describe shop.csv --user-column 7
    data describe shop.csv --no-header --user-column buyer
    data describe shop.csv --event-ratings view
    data describe shop.csv --event-ratings view=1,view=2
    data describe shop.csv --encoding utf-16
    data describe shop.csv --missing drop
    data describe gen --kcore 0
    data describe gen --sample-users 0
    data describe gen --kcore 2 --minimum-count 2
    data describe gen --items notes.txt
    data describe gen --items nothing.csv
    data describe two --file c.csv
    data describe generated:tiny --no-header
    train drr --run g
    train drr --run m
    train drr --run damaged
    train drr --run notes.txt
    train drr --run ''
    train drr --run d --steps 100 --data generated:tiny
    train drr --run d --seeds 3
    train drr --run grp --seeds 3 --splits 2
    train drr --run new --seeds 0
    train drr --run new --seeds 2000
    train drr --run new --splits 0
    train drr --test-fraction 2
    train drr --test-fraction 0.999
    train drr --validation-fraction 1
    train drr --split none --test-fraction 0.2
    train drr --dimension 0 --run new --data generated:tiny
    train drr --discount 1 --run new --data generated:tiny
    train drr --discount nan --run new --data generated:tiny
    train drr --window 0 --run new --data generated:tiny
    train drr --window 1000 --run new --data generated:tiny
    train drr --batch-size 201 --buffer-size 200 --run new --data generated:tiny
    train drr --actor-learning-rate=-1 --run new --data generated:tiny
    train drr --learning-starts=-1 --run new --data generated:tiny
    train drr --cutoffs a,b
    train drr --cutoffs 5,10 --minimum-candidates 2 --run new --data generated:tiny
    train drr --pmf-start uniform:x
    train drr --pmf-solver sgdx
    train drr --preset bets
    train drr --checkpoint-steps 0
    train drr --blas-core Nonsense --run new --data generated:tiny
    train drr --config nothing.yaml
    train drr --config q/config.json
    train drr --config a.json
    train drr --config d/config.json --run d --discount 0.5
    train drr --rating-range 5,1 --data generated:tiny --run new
    train drr --rating-range 5 --data generated:tiny --run new
    train drr --liked-above 9 --data generated:tiny --run new
    train drr --liked-above x
    train drr --profile-fraction 2 --data generated:tiny --run new
    train drr --streak-strength 1000
    train drr --env items --streak-strength=-1
    train drr --num-envs 0 --data generated:tiny --run new
    train drr --split sessions --data generated:tiny --run new
    train residual --bc-updates=-1 --data generated:tiny --run new
    train residual --run d
    train pmf --run d --dimension 9
    train pmf --run q
    train pmf --from nowhere
    train pmf --from notes.txt
    train pmf --from gen --data generated:tiny
    train pmf --data generated:tiny+nowhere
    train pmf --data generated:tiny+generated:huge
    train drr --follow
    train drr --from gen --every 5
    train drr --from gen --follow --every 0
    train multi-q --from nowhere
    train gru --from nowhere
    train gru --from gen --sessions gen
    serve --model gen --learn ucb
    serve --model gen --learn-alpha 1
    serve --model gen --learn linucb --learn-ridge 0
    serve --model gen --learn items --learn-pool 0
    simulate visitors --lists 0
    simulate visitors --top 500
    simulate visitors --noise -1
    simulate visitors --server ftp://example.org
    simulate visitors --server localhost:99999
    simulate visitors --data generated:tiny --token-file nowhere
    train planner --data generated:tiny --run new --beam 0
    train planner --run d
    train irecgan --world tabula --run new
    train irecgan --env tabular:x --run new
    train irecgan --data gen --run new
    train irecgan --data nothing --run new
    train irecgan --run d
    train irecgan --sessions 0 --run new
    train irecgan --method pgx --run new
    train irecgan --env tabular --data log.csv --run new
    train irecgan --env tabular --list-size 1000 --run new
    train irecgan --preset papr
    train q --env clif
    train q --env point
    train q --env cliff --discount 2 --run new
    train q --env cliff --steps 0 --run new
    train q --method sarsaa
    train q --step-size foo
    train q --step-size 2 --run new
    train q --run d
    train q --run q --env lizard
    train sarsa-lambda --lambda 2 --run new
    train sarsa-lambda --run q
    train multi-q --data gen/nothing
    train multi-q --shards 0
    train multi-q --shards 1000
    train multi-q --genres foo
    train multi-q --table Nothing --data generated:tiny --run new
    train multi-q --preset publishd
    train multi-q --run d
    train multi-q --solver iteration --reward clicks --data generated:tiny --run new
    train multi-q --order 0 --data generated:tiny --run new
    train dqn --env point
    train dqn --env pmf --episodes 3
    train dqn --env cliff --exploring-starts --split latest
    train dqn --data generated:tiny --exploring-starts
    train dqn --run d
    train dqn --learning-rate 0 --env cliff --run new
    train dqn --reward interact
    train pg --env point --state ave
    train pg --method a2cc
    train pg --run nt
    train gru --data gen/nothing
    train gru --head qq
    train gru --discount 0.3
    train gru --sessions nothing.zip
    train gru --data generated:tiny --sessions x
    train gru --test x
    train gru --run d
    train gru --networks 0 --run new --data generated:tiny
    train ddpg --run new
    train ddpg --weights notes.txt --run new
    train slateq --world interest-evolutio
    train slateq --world virtual-taobao
    train slateq --world interest-evolution --sensitivity 1
    train slateq --learner dqnn
    train slateq --world interest-evolution --slate 0 --run new
    train slateq --world long-term-satisfaction --time-budget 1.5 --run new
    evaluate --run nothing
    evaluate --data nothing.zip --run nothing
    evaluate --data generated:tiny:2 --run d
    evaluate --data nothing --run d
    evaluate --run q
    evaluate --run b
    evaluate --run empty
    evaluate --run d --run d
    evaluate --run d --run d2
    evaluate --run d --run nothing
    evaluate --run d --split 1
    evaluate --run d --all --format csv
    evaluate --run d --lists out.txt
    evaluate --run d --seeds 3
    evaluate --steps 10
    evaluate --leakage-ablation --seeds 0
    evaluate --leakage-ablation --data nothing
    evaluate irecgan --run nothing
    evaluate irecgan --run g --sessions=-1
    evaluate irecgan --run g --simulate-only --sessions 0
    evaluate irecgan --run g --data nothing
    compare
    compare --run nothing
    compare --run lat --against xxxxxxxx
    compare --run lat --run d2
    compare --run q
    compare --run lat --baselines-only
    compare --run lat --split latest
    compare --baselines-only --split rows --data generated:tiny
    compare --run lat --run lat
    compare --run none
    compare --run lat --cutoffs 0
    compare --run lat --data generated:tiny:2
    simulate --run nothing
    simulate --run q
    simulate --run g
    simulate --run d --env itemz
    simulate --run d --epsilon 2
    simulate --run p
    simulate --run d --cutoffs 100000
    simulate --run d --streak-strength 1000
    simulate --run grp
    simulate --run d --users 0
    simulate sessions --env foo --out x
    simulate sessions --sessions=-1 --out x
    simulate sessions --env nothing/ --out x
    simulate values --env lstm
    simulate values --list-sizes 0
    simulate values --list-sizes 1000
    simulate values --list-sizes a
    simulate sweep --run d
    simulate sweep --sessions 0 --run new
    simulate world
    simulate world interest
    simulate world virtual-taobao
    simulate world interest-evolution --weights x
    simulate world interest-evolution --run nothing
    simulate world interest-evolution --episodes 0
    simulate worlds --seeds 0
    recommend
    recommend --run d
    recommend --run d --user ''
    recommend --run d --user 3 --liked 5
    recommend --run d --liked Tower
    recommend --run d --rated Heat
    recommend --run d --rated 5=99
    recommend --run d --user 3 --top 0
    recommend --run d --user 3 --genre Nothing
    recommend --run d --user 3 --exclude zzz
    recommend --run d --users all
    recommend --run d --users nothing.txt --out l.csv
    recommend --run d --users all --out l.txt
    recommend --run d --user 3 --out l.csv
    recommend --run d --session 3
    recommend --run g --user 3
    recommend --run g --session 99999
    recommend --run g --session x
    recommend --run nothing --user 3
    recommend --model nothing --user 3
    recommend --model d --user 3
    recommend --model model --run d --user 3
    recommend --model model --data gen --user 3
    recommend --run d --data generated:tiny:2 --user 3
    recommend --run empty --user 3
    export model nothing out
    export model q out
    export model d d
    export model d ''
    export tensorboard nothing --out o
    export tensorboard d
    export csv d --out x.txt
    export csv d --out no/where.csv
    export csv p2 --out x.csv
    export mlflow notes.txt --out o
    report
    report nothing
    report notes.txt
    report d --user 999
    report q --user 3
    report d --user 3 --no-lists
    report d --episodes=-1
    report damaged
    report empty
    runs nothing
    runs notes.txt
    config show nothing
    config show notes.txt
    config show a.json
    config diff d nothing
    config schema
    config schema q --json
    search
    search --space nothing.yaml
    search --space notes.txt
    search --space space.yaml --trials 0
    search --space space.yaml --rounds 20
    search --space space.yaml --run d
    search --space space.yaml --seeds 0
    watch nothing
    watch notes.txt
    watch d --every 0
    watch d --curves 0
    watch empty
    terms nosuchlabel
    terms NDGC
    bandit --arms
    bandit --arms x
    bandit --arms 0.1,0.2 --random-arms 3
    bandit --policy ucb1:3:4
    bandit --policy epsilon:2
    bandit --policy ucb1 --policy ucb1
    bandit --rounds 0
    bandit --seeds 0
    bandit --seed 18446744073709551615
    bandit --plot ''
    bandit --plot no/where.svg
    bandit --run d
    bandit --run b --rounds 200 --arms 0.5,0.6
    bandit --out x.csv
    bandit --out x.csv --policy ucb1 --plot a.svg
    bandit --tensorboard
    bandit linear --arms 0
    bandit linear --disjoint --policy linucb-hybrid
    bandit cascade --items 3 --places 5
    bandit cascade --items 3 --attractions 0.1,0.2
    bandit ads --continuation 0.5 --examination 1,0.5
    bandit ads --continuation 3
    bandit ads --rates 0.1,0.2 --payments 1,2 --places 2 --examination 0.5,1
    bandit exhibition --ablation --policy x
    bandit exhibition --rooms 0
    bandit replay
    bandit replay --data nothing.zip
    bandit replay --data logbad.csv
    bandit replay --data log.csv --campaign men
    bandit replay --data gen
    bandit replay --data b.csv --policy linucb
    bandit replay --data b.csv --campaign mn
    ope
    ope --data nothing
    ope --data logbad.csv
    ope --data log.csv --behavior bts
    ope --data log.csv --policy foo
    ope --data log.csv --policy softmax:x
    ope --data log.csv --policy greedy:2
    ope --data log.csv --policy marginal
    ope --data log.csv --policy uniform --policy uniform
    ope --data log.csv --policy nothing.csv
    ope --data log.csv --estimator dmm
    ope --data log.csv --folds 5
    ope --data log.csv --bootstrap 0
    ope --data log.csv --clip 0
    ope --data gen
    ope describe
    ope describe nothing
    ope describe log.csv --data log.csv
    ope sessions --data log.csv
    ope sessions nothing
    ope simulate --log-only
    ope simulate --actions 0
    ope simulate --policy-count 0
    data describe
    data describe nothing
    data describe gen --data gen
    data describe notes.txt
    data describe ''
    data describe generated:huge
    data sessions
    data sessions nothing
    data sessions gen
    data sessions log.csv --format threeFiles --out o
    data generate
    data generate tiny
    data generate tiny no/where
    data import gen
    data import nothing out
    data split gen gen
    data split gen out --split none
    data import gen out --format xml
    devices --blas-core Nonsense
    devices extra
    bench nothing
    bench score --device foo
    bench score --batch 0
    bench score --batch x
    bench compare
    bench data --csv nothing
    bench reproduce --data nothing
    bench environments --worlds x
    bench updates --data nothing
    bench foresight --agent x
    bench tune --device cpu
    --log-level foo devices
    --color foo devices
    devices --color
    help train drx
    """.split(separator: "\n").map(String.init)
}
