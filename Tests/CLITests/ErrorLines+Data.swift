extension ErrorLines {
  /// Of data and what reads them, bandits, logged decisions and measurements.
  static let dataSentences: [(String, String)] = [
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

  /// Further ones, one a line.
  static let dataLines = """
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
    bench worlds --agent x
    bench tune --device cpu
    --log-level foo devices
    --color foo devices
    devices --color
    help train drx
    """
}
