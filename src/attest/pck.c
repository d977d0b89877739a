// SPDX-License-Identifier: MIT
/*
 * Reads and writes the SGX extensions of a PCK certificate: a sequence of {OID, value} pairs, one
 * of whose values is again such a sequence.
 */
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <stdio.h>
#include <string.h>

#include "attest/pck.h"

typedef STACK_OF(ASN1_TYPE) asn1_list;

static void list_free(asn1_list *list)
{
	sk_ASN1_TYPE_pop_free(list, ASN1_TYPE_free);
}

static asn1_list *list_read(const ASN1_STRING *der)
{
	const unsigned char *p = ASN1_STRING_get0_data(der);
	int size = ASN1_STRING_length(der);
	const unsigned char *end = p + size;
	asn1_list *list = d2i_ASN1_SEQUENCE_ANY(NULL, &p, size);

	ERR_clear_error();
	if (list && p != end) {
		list_free(list);
		return NULL;
	}
	return list;
}

static asn1_list *list_of(const ASN1_TYPE *type)
{
	return type->type == V_ASN1_SEQUENCE ? list_read(type->value.sequence) : NULL;
}

/* The number behind the last dot of an OID that is `prefix` and one more number; 0 for any other.
 */
static int oid_tail(const ASN1_TYPE *type, const char *prefix)
{
	char text[80];
	size_t n = strlen(prefix);
	int tail = 0;

	if (type->type != V_ASN1_OBJECT ||
	    OBJ_obj2txt(text, sizeof(text), type->value.object, 1) >= (int)sizeof(text))
		return 0;
	if (strncmp(text, prefix, n) || text[n] != '.')
		return 0;
	for (const char *p = text + n + 1; *p; p++) {
		if (*p < '0' || *p > '9' || tail > 999)
			return 0;
		tail = tail * 10 + (*p - '0');
	}
	return tail;
}

static bool octets_of(const ASN1_TYPE *value, uint8_t *out, int size)
{
	if (value->type != V_ASN1_OCTET_STRING ||
	    ASN1_STRING_length(value->value.octet_string) != size)
		return false;
	memcpy(out, ASN1_STRING_get0_data(value->value.octet_string), (size_t)size);
	return true;
}

static bool number_of(const ASN1_TYPE *value, int64_t max, int64_t *out)
{
	return value->type == V_ASN1_INTEGER &&
	       ASN1_INTEGER_get_int64(out, value->value.integer) == 1 && *out >= 0 && *out <= max;
}

typedef bool read_pair(int tail, const ASN1_TYPE *value, struct pck_info *info);

/* Reads each {OID, value} pair into the structure; `seen` gets a bit per field. Frees the list. */
static bool read_list(asn1_list *list, const char *prefix, read_pair *read, struct pck_info *info,
		      uint32_t *seen)
{
	bool good = list != NULL;

	for (int i = 0; good && i < sk_ASN1_TYPE_num(list); i++) {
		asn1_list *pair = list_of(sk_ASN1_TYPE_value(list, i));
		int tail;

		good = pair && sk_ASN1_TYPE_num(pair) == 2;
		tail = good ? oid_tail(sk_ASN1_TYPE_value(pair, 0), prefix) : 0;
		if (tail > 0 && tail < 32) {
			good = !(*seen & 1u << tail) &&
			       read(tail, sk_ASN1_TYPE_value(pair, 1), info);
			*seen |= 1u << tail;
		}
		list_free(pair);
	}
	list_free(list);
	return good;
}

enum { TCB_PCESVN = 17, TCB_CPUSVN = 18, TCB_ALL = 0x7fffe };
enum { PCK_PPID = 1, PCK_TCB = 2, PCK_PCEID = 3, PCK_FMSPC = 4, PCK_ALL = 0x1e };

static bool read_tcb(int tail, const ASN1_TYPE *value, struct pck_info *info)
{
	int64_t n = 0;

	if (tail == TCB_CPUSVN)
		return octets_of(value, info->cpusvn, 16);
	if (tail > TCB_CPUSVN)
		return true;
	if (!number_of(value, tail == TCB_PCESVN ? UINT16_MAX : UINT8_MAX, &n))
		return false;
	if (tail == TCB_PCESVN)
		info->pcesvn = (uint16_t)n;
	else
		info->component[tail - 1] = (uint8_t)n;
	return true;
}

static bool read_field(int tail, const ASN1_TYPE *value, struct pck_info *info)
{
	uint32_t tcb_seen = 0;

	switch (tail) {
	case PCK_PPID: return octets_of(value, info->ppid, 16);
	case PCK_PCEID: return octets_of(value, info->pceid, 2);
	case PCK_FMSPC: return octets_of(value, info->fmspc, 6);
	case PCK_TCB:
		return read_list(list_of(value), PCK_EXTENSION_OID ".2", read_tcb, info,
				 &tcb_seen) &&
		       (tcb_seen & TCB_ALL) == TCB_ALL;
	default: return true; /* SGX type, platform instance, configuration: nothing here asks */
	}
}

bool pck_read(const X509 *cert, struct pck_info *info)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(PCK_EXTENSION_OID, 1);
	int at = oid ? X509_get_ext_by_OBJ(cert, oid, -1) : -1;
	X509_EXTENSION *extension = at < 0 ? NULL : X509_get_ext(cert, at);
	uint32_t seen = 0;

	ASN1_OBJECT_free(oid);
	memset(info, 0, sizeof(*info));
	return extension &&
	       read_list(list_read(X509_EXTENSION_get_data(extension)), PCK_EXTENSION_OID,
			 read_field, info, &seen) &&
	       (seen & PCK_ALL) == PCK_ALL;
}

/* Takes over `value`; false when either is NULL or memory ran out. */
static bool push(asn1_list *list, int type, void *value)
{
	ASN1_TYPE *item = value && list ? ASN1_TYPE_new() : NULL;

	if (item) {
		ASN1_TYPE_set(item, type, value);
		return sk_ASN1_TYPE_push(list, item) > 0;
	}
	if (type == V_ASN1_OBJECT)
		ASN1_OBJECT_free(value);
	else
		ASN1_STRING_free(value);
	return false;
}

/* The list as the DER of a SEQUENCE; frees the list. */
static ASN1_STRING *list_write(asn1_list *list, bool good)
{
	unsigned char *der = NULL;
	int size = good ? i2d_ASN1_SEQUENCE_ANY(list, &der) : -1;
	ASN1_STRING *out = size > 0 ? ASN1_STRING_type_new(V_ASN1_SEQUENCE) : NULL;

	if (out)
		ASN1_STRING_set0(out, der, size);
	else
		OPENSSL_free(der);
	list_free(list);
	return out;
}

/* Appends {prefix.tail, value} and takes over `value`. */
static bool push_pair(asn1_list *list, const char *prefix, int tail, int type, void *value)
{
	asn1_list *pair = sk_ASN1_TYPE_new_null();
	char oid[80];
	bool good;

	snprintf(oid, sizeof(oid), "%s.%d", prefix, tail);
	good = push(pair, V_ASN1_OBJECT, OBJ_txt2obj(oid, 1));
	good &= push(pair, type, value);
	return push(list, V_ASN1_SEQUENCE, list_write(pair, good));
}

static bool push_octets(asn1_list *list, const char *prefix, int tail, const uint8_t *p, int size)
{
	ASN1_STRING *s = ASN1_OCTET_STRING_new();

	if (s)
		ASN1_STRING_set(s, p, size);
	return push_pair(list, prefix, tail, V_ASN1_OCTET_STRING, s);
}

static bool push_number(asn1_list *list, const char *prefix, int tail, int64_t n)
{
	ASN1_INTEGER *i = ASN1_INTEGER_new();

	if (i)
		ASN1_INTEGER_set_int64(i, n);
	return push_pair(list, prefix, tail, V_ASN1_INTEGER, i);
}

static ASN1_STRING *write_tcb(const struct pck_info *info)
{
	const char *prefix = PCK_EXTENSION_OID ".2";
	asn1_list *list = sk_ASN1_TYPE_new_null();
	bool good = true;

	for (int i = 0; i < 16; i++)
		good &= push_number(list, prefix, i + 1, info->component[i]);
	good &= push_number(list, prefix, TCB_PCESVN, info->pcesvn);
	good &= push_octets(list, prefix, TCB_CPUSVN, info->cpusvn, 16);
	return list_write(list, good);
}

size_t pck_write(const struct pck_info *info, unsigned char **der)
{
	const char *prefix = PCK_EXTENSION_OID;
	asn1_list *list = sk_ASN1_TYPE_new_null();
	bool good = push_octets(list, prefix, PCK_PPID, info->ppid, 16);
	ASN1_STRING *whole;
	size_t size = 0;

	good &= push_pair(list, prefix, PCK_TCB, V_ASN1_SEQUENCE, write_tcb(info));
	good &= push_octets(list, prefix, PCK_PCEID, info->pceid, 2);
	good &= push_octets(list, prefix, PCK_FMSPC, info->fmspc, 6);
	whole = list_write(list, good);
	*der = NULL;
	if (whole) {
		size = (size_t)ASN1_STRING_length(whole);
		*der = OPENSSL_memdup(ASN1_STRING_get0_data(whole), size);
	}
	ASN1_STRING_free(whole);
	return *der ? size : 0;
}
