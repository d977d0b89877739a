// SPDX-License-Identifier: MIT
/*
 * Shows the result of a verification, as text or as JSON. Both take the fields from one list.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "attest/digest.h"
#include "cli/verify_print.h"

/* A field's value as text: hex for byte strings. */
struct field {
	const char *name;
	char text[200];
};

#define MAX_FIELDS 40

struct fields {
	size_t count;
	struct field field[MAX_FIELDS];
};

static struct field *next_field(struct fields *f, const char *name)
{
	struct field *field = &f->field[f->count < MAX_FIELDS ? f->count++ : MAX_FIELDS - 1];

	field->name = name;
	return field;
}

static void add_bytes(struct fields *f, const char *name, const void *bytes, size_t size)
{
	hex_of(bytes, size, next_field(f, name)->text);
}

static void add_number(struct fields *f, const char *name, uint64_t n)
{
	struct field *field = next_field(f, name);

	snprintf(field->text, sizeof(field->text), "%llu", (unsigned long long)n);
}

static void add_flags(struct fields *f, const char *name, uint64_t bits,
		      char *(*names)(uint64_t, char *, size_t))
{
	struct field *field = next_field(f, name);
	int n = snprintf(field->text, sizeof(field->text), "0x%016llx ", (unsigned long long)bits);

	names(bits, field->text + n, sizeof(field->text) - (size_t)n);
}

static void add_tcb(struct fields *f, const struct tee_tcb_info *tcb, bool later)
{
	add_bytes(f, "tee_tcb_svn", tcb->tee_tcb_svn, 16);
	add_bytes(f, "mrseam", tcb->mrseam, 48);
	add_bytes(f, "mrsignerseam", tcb->mrsignerseam, 48);
	snprintf(next_field(f, "seam_attributes")->text, 200, "0x%016llx",
		 (unsigned long long)tcb->attributes);
	if (later)
		add_bytes(f, "tee_tcb_svn2", tcb->tee_tcb_svn2, 16);
}

static void add_td(struct fields *f, const struct tdinfo *td)
{
	static const char *const rtmr[] = { "rtmr0", "rtmr1", "rtmr2", "rtmr3" };

	add_flags(f, "td_attributes", td->attributes, tdx_attributes_names);
	add_flags(f, "xfam", td->xfam, tdx_xfam_names);
	add_bytes(f, "mrtd", td->mrtd, 48);
	add_bytes(f, "mrconfigid", td->mrconfigid, 48);
	add_bytes(f, "mrowner", td->mrowner, 48);
	add_bytes(f, "mrownerconfig", td->mrownerconfig, 48);
	for (int i = 0; i < 4; i++)
		add_bytes(f, rtmr[i], td->rtmr[i], 48);
}

static void add_report(struct fields *f, const struct tdreport *r)
{
	add_number(f, "report_type", r->type);
	add_number(f, "report_subtype", r->subtype);
	add_number(f, "report_version", r->version);
	add_bytes(f, "cpusvn", r->cpusvn, 16);
	add_bytes(f, "tee_tcb_info_hash", r->tee_tcb_info_hash, 48);
	add_bytes(f, "tee_info_hash", r->tee_info_hash, 48);
	add_bytes(f, "reportdata", r->reportdata, 64);
	add_bytes(f, "mac", r->mac, 32);
	add_tcb(f, &r->tcb, true);
	add_td(f, &r->td);
	add_bytes(f, "servtd_hash", r->td.servtd_hash, 48);
}

static void add_quote(struct fields *f, const struct quote *q)
{
	bool later = q->body_type == QUOTE_BODY_TD_1_5;

	if (!q->size)
		return;
	add_number(f, "version", q->version);
	add_number(f, "attestation_key_type", q->key_type);
	add_number(f, "tee_type", q->tee_type);
	add_bytes(f, "qe_vendor_id", q->qe_vendor_id, 16);
	add_bytes(f, "user_data", q->user_data, 20);
	add_tcb(f, &q->tcb, later);
	add_td(f, &q->td);
	if (later)
		add_bytes(f, "mrservicetd", q->td.servtd_hash, 48);
	add_bytes(f, "reportdata", q->reportdata, 64);
	add_bytes(f, "qe_cpusvn", q->qe.cpusvn, 16);
	add_bytes(f, "qe_attributes", q->qe.attributes, 16);
	add_bytes(f, "qe_mrenclave", q->qe.mrenclave, 32);
	add_bytes(f, "qe_mrsigner", q->qe.mrsigner, 32);
	add_number(f, "qe_isvprodid", q->qe.isvprodid);
	add_number(f, "qe_isvsvn", q->qe.isvsvn);
}

static void add_replay(struct fields *f, const struct attest_result *r)
{
	static const char *const name[] = { "replayed_rtmr0", "replayed_rtmr1", "replayed_rtmr2",
					    "replayed_rtmr3" };

	if (!r->events)
		return;
	add_number(f, "events", r->events);
	for (int i = 0; i < 4; i++)
		add_bytes(f, name[i], r->replayed[i], 48);
}

static void collect(struct fields *f, const struct attest_result *r)
{
	f->count = 0;
	if (r->kind == ATTEST_TDREPORT && r->report.type)
		add_report(f, &r->report);
	if (r->kind == ATTEST_QUOTE)
		add_quote(f, &r->quote);
	add_replay(f, r);
}

/* An event as it is shown. */
struct shown {
	size_t offset;
	const char *where; /* the register */
	const char *type;
	char digest[97]; /* empty: it has none that an RTMR takes */
	char text[80];
};

static void show(struct shown *s, const struct eventlog_event *event)
{
	static const char *const registers[] = { "MRTD", "RTMR0", "RTMR1", "RTMR2", "RTMR3" };

	s->offset = event->offset;
	s->where = event->type == EVENTLOG_NO_ACTION ? "none" : registers[event->mr];
	s->type = eventlog_type_name(event->type);
	s->digest[0] = 0;
	if (event->sha384)
		hex_of(event->sha384, 48, s->digest);
	eventlog_text(event, s->text, sizeof(s->text));
}

/* Up to the first that is malformed, which a link tells of. */
static void each_event(struct attest_blob log, void (*tell)(const struct shown *s, void *opaque),
		       void *opaque)
{
	struct eventlog_event event;
	struct eventlog l;
	struct shown s;

	if (!log.bytes || eventlog_open(&l, log.bytes, log.size, NULL))
		return;
	while (eventlog_next(&l, &event, NULL) > 0) {
		show(&s, &event);
		tell(&s, opaque);
	}
}

static void print_event(const struct shown *s, void *opaque)
{
	(void)opaque;
	printf("  event 0x%06zx  %-5s  %-32s %s%s%s\n", s->offset, s->where, s->type, s->digest,
	       s->text[0] ? "  " : "", s->text);
}

static void add_event(const struct shown *s, void *opaque)
{
	json_t *event = json_pack("{s:I, s:s, s:s, s:s}", "offset", (json_int_t)s->offset,
				  "register", s->where, "type", s->type, "text", s->text);

	if (s->digest[0])
		json_object_set_new(event, "sha384", json_string(s->digest));
	json_array_append_new(opaque, event);
}

static const char *kind_name(enum attest_kind kind)
{
	static const char *const names[] = { "unknown", "tdreport", "quote", "eventlog", "ccel" };

	return names[kind];
}

static bool verified(const struct attest_result *result)
{
	return !attest_count(&result->links, ATTEST_FAILS);
}

void verify_print_links(FILE *out, const char *before, const struct attest_links *links)
{
	for (size_t i = 0; i < links->count; i++)
		fprintf(out, "%s%-11s  %-28s %s\n", before,
			attest_verdict_name(links->link[i].verdict), links->link[i].name,
			links->link[i].text);
}

void verify_print(const char *path, const struct attest_result *result, struct attest_blob log)
{
	const struct attest_links *links = &result->links;
	struct fields f;

	collect(&f, result);
	printf("%s: %s\n", path, kind_name(result->kind));
	for (size_t i = 0; i < f.count; i++)
		printf("  %-20s %s\n", f.field[i].name, f.field[i].text);
	if (result->kind == ATTEST_EVENTLOG)
		each_event(log, print_event, NULL);
	verify_print_links(stdout, "", links);
	printf("%s: %zu links hold, %zu fail, %zu not checked\n",
	       verified(result) ? "verified" : "NOT VERIFIED", attest_count(links, ATTEST_HOLDS),
	       attest_count(links, ATTEST_FAILS), attest_count(links, ATTEST_NOT_CHECKED));
}

static json_t *links_json(const struct attest_links *links)
{
	static const char *const verdicts[] = { "holds", "fails", "not-checked", "note" };
	json_t *list = json_array();

	for (size_t i = 0; i < links->count; i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:s}", "name", links->link[i].name,
						"verdict", verdicts[links->link[i].verdict], "text",
						links->link[i].text));
	return list;
}

int verify_print_json(const char *path, const struct attest_result *result, struct attest_blob log)
{
	json_t *fields = json_object(), *root;
	struct fields f;
	int failed;

	collect(&f, result);
	for (size_t i = 0; i < f.count; i++)
		json_object_set_new(fields, f.field[i].name, json_string(f.field[i].text));
	root = json_pack("{s:s, s:s, s:b, s:o, s:o}", "file", path, "kind", kind_name(result->kind),
			 "verified", verified(result), "fields", fields, "links",
			 links_json(&result->links));
	if (log.bytes) {
		json_t *events = json_array();

		each_event(log, add_event, events);
		json_object_set_new(root, "events", events);
	}
	failed = !root || json_dumpf(root, stdout, JSON_INDENT(2)) || putchar('\n') == EOF;
	json_decref(root);
	return failed ? -1 : 0;
}
