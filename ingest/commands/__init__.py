"""Keeps the index in step with the source texts.

    python -m ingest [PATH ...] [--dry-run] [--report FILE] [--watch] ...
                                                       sync the index with these folders
    python -m ingest [PATH ...] --verify-text          is all that would be quoted in the files?
    python -m ingest --official FILE ...               say that these are official texts, and sync
    python -m ingest fetch [CELEX ...] [--languages nl,en] [--json]
                                                       get official texts into documents/official/
    python -m ingest status [--json]                   the documents of the generation in use
    python -m ingest check-questions [PATH ...]        does every prepared question find its answer?
    python -m ingest questions [DOCUMENT ...] [--dry-run] [--limit N]
                                                       have the language model write some
    python -m ingest questions --list|--accept|--refuse [DOCUMENT ...]
                                                       those that wait for a person
    python -m ingest history [--json]                  the kept generations and what each changed
    python -m ingest [PATH ...] --trial                build what would be published, to be asked
    python -m ingest discard                           drop what --trial built
    python -m ingest rollback [GENERATION]             put an earlier generation in use
    python -m ingest verify [--json]                   check the generation in use thoroughly
    python -m ingest export FILE [--generation ID]     write a generation to one file
    python -m ingest import FILE                       put a generation from such a file in use

Without a PATH the folders of the setting `corpus_dirs` are used: corpus/ and documents/.
The exit code is 1 when a file could not be taken, or nothing was published to be on the safe side,
and 75 while another run holds the lock.
"""
