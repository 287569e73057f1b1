#include "inventory.h"

#include <string.h>

#include "date.h"
#include "hex.h"

void
inventory_begin(struct str *out, bool csv, const char *arn, int64_t date)
{
	char time[DATE_RFC3339];

	date_rfc3339(time, date / 1000);
	if (csv)
		str_puts(out, "ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash\n");
	else
		str_format(out, "{\"VaultARN\":\"%s\",\"InventoryDate\":\"%s\",\"ArchiveList\":[", arn, time);
}

/* A description is printable ASCII, so this is all that JSON needs. */
static void
escape(struct str *out, const char *s, const char *special)
{
	for (; *s != '\0'; s++) {
		if (strchr(special, *s) != NULL)
			str_puts(out, "\\");
		str_add(out, s, 1);
	}
}

void
inventory_item(struct str *out, bool csv, bool first, const struct archive *a)
{
	char time[DATE_RFC3339], hex[SHA256_HEX];
	unsigned long long size = a->size;
	bool quote = a->description[strcspn(a->description, ",\"")] != '\0';

	date_rfc3339(time, a->time / 1000);
	hex_put(hex, a->tree, SHA256_SIZE);
	if (csv) {
		str_format(out, "%s,%s", a->id, quote ? "\"" : "");
		escape(out, a->description, "\"");
		str_format(out, "%s,%s,%llu,%s\n", quote ? "\"" : "", time, size, hex);
		return;
	}
	str_format(out, "%s{\"ArchiveId\":\"%s\",\"ArchiveDescription\":\"", first ? "" : ",", a->id);
	escape(out, a->description, "\"\\");
	str_format(out, "\",\"CreationDate\":\"%s\",\"Size\":%llu,\"SHA256TreeHash\":\"%s\"}", time, size, hex);
}

void
inventory_end(struct str *out, bool csv)
{
	if (!csv)
		str_puts(out, "]}");
}
