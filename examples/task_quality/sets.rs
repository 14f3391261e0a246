//! The bundled sets as tasks.

use cognate::data::datasets::Dataset;
use cognate::data::table::{Column, Table, Values};
use cognate::pipeline::tasks::{Form, Response};
use cognate::rng::rng;

use crate::draw::{Draw, Few, Framing, bundled, classes, named_classes, numbers, task};

/// A way to see a bundled set as tasks.
pub struct TaskSet {
    /// Its name.
    pub name: &'static str,
    /// What the tasks are.
    pub about: &'static str,
    /// Methods that take most of the time.
    pub slow: &'static [&'static str],
    /// The rows and labels of a seed.
    pub draw: fn(&str, u64) -> Draw,
}

/// All of them.
pub const SETS: [TaskSet; 8] = [
    TaskSet {
        name: "digits, 10 rows a task",
        about: "is it this digit? ten tasks with 5 rows of it and 5 of others, no row in two tasks",
        slow: &["mtrl", "clustered"],
        draw: |name, seed| one_against_rest(name, 5, seed),
    },
    TaskSet {
        name: "digits, 20 rows a task",
        about: "the same with 10 and 10",
        slow: &["mtrl", "clustered"],
        draw: |name, seed| one_against_rest(name, 10, seed),
    },
    TaskSet {
        name: "digits, 50 rows a task",
        about: "the same with 25 and 25",
        slow: &["mtrl", "clustered"],
        draw: |name, seed| one_against_rest(name, 25, seed),
    },
    TaskSet {
        name: "digits nested",
        about: "100 rows, each with three labels: odd or even, below 5 or not, the digit",
        slow: &[],
        draw: nested_digits,
    },
    TaskSet {
        name: "breast cancer mixed",
        about: "60 rows of ten mean measures; the diagnosis and the ten worst measures, half of these labels hidden",
        slow: &["clustered"],
        draw: mixed_cancer,
    },
    TaskSet {
        name: "gapminder, 5 rows a country",
        about: "life expectancy by year, log GDP a head and log population; 142 countries with 5 of 12 rows each",
        slow: &[],
        draw: |name, seed| countries(name, 5, seed),
    },
    TaskSet {
        name: "gapminder, 10 rows a country",
        about: "the same with 10 of 12 rows each",
        slow: &[],
        draw: |name, seed| countries(name, 10, seed),
    },
    TaskSet {
        name: "penguins",
        about: "60 rows of bill and flipper; mass, sex and species, half of the labels hidden beside those missing",
        slow: &[],
        draw: penguins,
    },
];

/// The columns of `set` for which `keep` holds.
fn feature_names(set: &Dataset, keep: impl Fn(&str) -> bool) -> Vec<String> {
    let names = set.table.columns().iter().map(|c| &c.name);
    let kept = names.filter(|name| !set.targets.contains(&name.as_str()) && keep(name));
    kept.cloned().collect()
}

fn digit_labels(set: &Dataset) -> Vec<usize> {
    let column = set.table.column("target").expect("a target");
    let (_, labels) = classes(column);
    let known = labels
        .into_iter()
        .map(|label| label.expect("no label is missing"));
    known.map(|label| label as usize).collect()
}

/// Test rows of a digit, and of the others, in each of the ten tasks.
const TESTED_EACH: usize = 15;

/// Ten tasks with rows of their own, `each` of the digit and as many of others to learn from. What is left of every digit is dealt to the
/// tasks of the others in turn.
fn one_against_rest(name: &str, each: usize, seed: u64) -> Draw {
    let set = bundled("digits");
    let digits = digit_labels(&set);
    let mut random = rng(seed, name, 0);
    let own = each + TESTED_EACH;
    let (mut ones, mut rest) = (vec![Vec::new(); 10], vec![Vec::new(); 10]);
    let mut dealt = 0;
    for row in random.permutation(digits.len()) {
        let digit = digits[row];
        if ones[digit].len() < own {
            ones[digit].push(row);
            continue;
        }
        let open = |t: &usize| *t != digit && rest[*t].len() < own;
        if let Some(t) = (dealt..dealt + 10).map(|t| t % 10).find(open) {
            rest[t].push(row);
            dealt = t + 1;
        }
    }
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for rows in ones.iter().chain(&rest) {
        train.extend_from_slice(&rows[..each]);
        test.extend_from_slice(&rows[each..own]);
    }
    let answer = named_classes(&["no", "yes"]);
    let tasks = ones
        .iter()
        .zip(&rest)
        .enumerate()
        .map(|(digit, (ones, rest))| {
            let yes = ones.iter().map(|&row| (row, Some(1.0)));
            let mut labels: Vec<_> = yes
                .chain(rest.iter().map(|&row| (row, Some(0.0))))
                .collect();
            labels.sort_by_key(|(row, _)| *row);
            task(&digit.to_string(), &answer, labels.into_iter())
        });
    let framing = Framing {
        tasks: tasks.collect(),
        features: feature_names(&set, |_| true),
        table: set.table,
        form: Form::Long {
            task: "digit".to_owned(),
            target: "is it".to_owned(),
        },
    };
    let all = Few {
        rows: each,
        hidden: 0.0,
    };
    framing.draw(name, train, test, (all, random))
}

fn nested_digits(name: &str, seed: u64) -> Draw {
    let set = bundled("digits");
    let digits = digit_labels(&set);
    let column = set.table.column("target").expect("a target");
    let (ten, _) = classes(column);
    let of = |task_name: &str, response: &Response, class: fn(usize) -> usize| {
        let labels = digits.iter().map(|&digit| Some(class(digit) as f64));
        task(task_name, response, labels.enumerate())
    };
    let framing = Framing {
        tasks: vec![
            of("parity", &named_classes(&["even", "odd"]), |digit| {
                digit % 2
            }),
            of("half", &named_classes(&["below 5", "from 5"]), |digit| {
                digit / 5
            }),
            of("digit", &ten, |digit| digit),
        ],
        features: feature_names(&set, |_| true),
        table: set.table,
        form: Form::Wide,
    };
    framing.draw_rows(
        name,
        Few {
            rows: 100,
            hidden: 0.0,
        },
        seed,
    )
}

fn mixed_cancer(name: &str, seed: u64) -> Draw {
    let set = bundled("breast_cancer");
    let worst = feature_names(&set, |name| name.starts_with("worst"));
    let column = |name: &str| set.table.column(name).expect("a column");
    let (diagnosis, labels) = classes(column("target"));
    let mut tasks = vec![task(
        "diagnosis",
        &diagnosis,
        labels.into_iter().enumerate(),
    )];
    tasks.extend(worst.iter().map(|name| {
        let (response, labels) = numbers(column(name));
        task(name, &response, labels.into_iter().enumerate())
    }));
    let framing = Framing {
        tasks,
        features: feature_names(&set, |name| name.starts_with("mean")),
        table: set.table,
        form: Form::Wide,
    };
    framing.draw_rows(
        name,
        Few {
            rows: 60,
            hidden: 0.5,
        },
        seed,
    )
}

fn countries(name: &str, rows: usize, seed: u64) -> Draw {
    let set = bundled("gapminder");
    let column = |name: &str| set.table.column(name).expect("a column");
    let log = |name: &str| {
        let (_, values) = numbers(column(name));
        let logs = values.into_iter().map(|x| x.map_or(f64::NAN, f64::ln));
        Column::numbers(&format!("log {name}"), logs.collect())
    };
    let (Response::Classes(levels), countries) = classes(column("country")) else {
        unreachable!("names are classes");
    };
    let (life, labels) = numbers(column("lifeExp"));
    let of = |(name, code): (&String, u32)| {
        let own = |(row, label): (usize, &Option<f64>)| {
            (countries[row] == Some(f64::from(code))).then_some((row, *label))
        };
        task(name, &life, labels.iter().enumerate().filter_map(own))
    };
    let tasks = levels.names().iter().zip(0..).map(of).collect();
    let table = Table::new(vec![column("year").clone(), log("gdpPercap"), log("pop")]);
    let table = table.expect("columns of one length");
    let framing = Framing {
        tasks,
        features: table.columns().iter().map(|c| c.name.clone()).collect(),
        table,
        form: Form::Long {
            task: "country".to_owned(),
            target: "lifeExp".to_owned(),
        },
    };
    framing.draw_rows_of_tasks(name, Few { rows, hidden: 0.0 }, seed)
}

fn penguins(name: &str, seed: u64) -> Draw {
    let set = bundled("penguins");
    let tasks = set.targets.iter().map(|name| {
        let column = set.table.column(name).expect("a target");
        let (response, labels) = match column.values {
            Values::Numbers(_) => numbers(column),
            Values::Levels { .. } => classes(column),
        };
        task(name, &response, labels.into_iter().enumerate())
    });
    let measure = |name: &str| name.starts_with("bill") || name.starts_with("flipper");
    let framing = Framing {
        tasks: tasks.collect(),
        features: feature_names(&set, measure),
        table: set.table,
        form: Form::Wide,
    };
    framing.draw_rows(
        name,
        Few {
            rows: 60,
            hidden: 0.5,
        },
        seed,
    )
}
